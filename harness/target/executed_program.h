#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace faultline {

// Another program in a process's place, by execve(2).
struct ExecutedProgram {
  std::filesystem::path program;
  int64_t time_ms = 0;  // since the start
};

// One that a process below the target has executed.
struct ChildProgram {
  pid_t pid = 0;
  ExecutedProgram last;
  bool is_helper = false;  // of another such process: that one, or one above it, started it
  bool is_alive = false;
};

}  // namespace faultline
