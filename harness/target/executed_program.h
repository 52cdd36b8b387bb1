#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

namespace faultline {

// Another program in a process's place, by execve(2).
struct ExecutedProgram {
  std::filesystem::path program;
  int64_t time_ms = 0;  // since the start
  uint64_t order = 0;   // among all that processes of the run have executed, from 1
  pid_t by = 0;         // the process that executed it; its forks have it too
};

// One that a process below the target has executed.
struct ChildProgram {
  pid_t pid = 0;
  ExecutedProgram last;
  pid_t above = 0;  // the nearest such process that started it, or one above it; 0 = none
  bool is_alive = false;
};

}  // namespace faultline
