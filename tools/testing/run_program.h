#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"

namespace faultline {

// A program under an end-to-end test: started with a few variables on top of the test's own
// environment, its stdout and stderr in one pipe.
class TestProgram {
 public:
  struct Options {
    std::map<std::string, std::string> environment;
    std::optional<uid_t> user;  // also the group
  };

  TestProgram(const std::vector<std::string>& argv, const Options& options);
  ~TestProgram();  // kills it
  TestProgram(const TestProgram&) = delete;
  TestProgram& operator=(const TestProgram&) = delete;

  pid_t pid() const { return pid_; }
  // Reads the output until `text` came; false when it ended without.
  bool AwaitOutput(const std::string& text);
  // Reads the output to its end and waits. Exit code, or 128 + signal.
  int Wait();
  const std::string& output() const { return output_; }

 private:
  bool ReadSome();

  pid_t pid_ = -1;
  UniqueFd pipe_;
  std::string output_;
};

}  // namespace faultline
