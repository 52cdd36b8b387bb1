#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace faultline {

// Exit codes of every command. 0 and 1 are verdicts, 2 and 3 are carried by Failure.
enum class ExitCode : int {
  kAsExpected = 0,
  kFindings = 1,
  kBadInput = 2,    // what the user gave is wrong; the message says where
  kCannotWork = 3,  // the harness or the machine cannot do its work; the message says what to do
};

// The one exception type of the harness: something that stops it from doing its work. What a target
// does is never a Failure, it is evidence. `main` alone turns it into text and an exit code.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ExitCode code() const { return code_; }

  // "MESSAGE: strerror(error) (ulimit behind it)", kCannotWork. `error` is an errno value.
  static Failure FromErrno(const std::string& message, int error);
  // Throws FromErrno when `error` says that no descriptor was free (EMFILE, ENFILE): then a file
  // that cannot be opened is there all the same, and nothing may be concluded from it.
  static void ThrowIfOutOfDescriptors(const std::string& message, int error);
  static Failure BadInput(const std::string& message) { return {ExitCode::kBadInput, message}; }
  static Failure CannotWork(const std::string& message) { return {ExitCode::kCannotWork, message}; }

 private:
  ExitCode code_;
};

}  // namespace faultline
