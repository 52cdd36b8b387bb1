#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

// What the user reads: results on stdout, messages on stderr. A failed write never stops the work
// that goes on; FinishConsole says at the end whether results were lost. Thread-safe as stdio is.
namespace faultline {

void WriteResult(std::string_view text);
void WriteMessage(std::string_view text);

template <typename... Args>
void PrintResult(fmt::format_string<Args...> format, Args&&... args) {
  WriteResult(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void PrintMessage(fmt::format_string<Args...> format, Args&&... args) {
  WriteMessage(fmt::format(format, std::forward<Args>(args)...));
}

// To be called first in main. Gives descriptors 0 to 2 that are closed (`>&-`) something that fails
// to be read and written: else the next file opened, a store for one, would take the number and
// what is printed would go into it. Ignores SIGPIPE: a closed pipe is an error of write(2).
void PrepareConsole();

// Writes out what is buffered. Failure (kCannotWork) when a result was lost, on a full disk say; a
// reader that closed its pipe (`| head`) has what it wants, and is none.
void FinishConsole();

}  // namespace faultline
