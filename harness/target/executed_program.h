#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// Another program in a process's place, by execve(2).
struct ExecutedProgram {
  std::filesystem::path program;
  int64_t time_ms = 0;  // since the start
  uint64_t order = 0;   // among all that processes of the run have executed, from 1
  pid_t by = 0;         // the process that executed it; its forks have it too
  std::vector<std::string> arguments = {};  // argv without argv[0]
};

// Where a process comes from: the one that forked it, or one above that, which has executed
// something or is the target, and what that one was executing then.
struct Origin {
  pid_t by = 0;
  uint64_t order = 0;  // ExecutedProgram::order; 0 = what the target was started as
};

// One that a process below the target has executed.
struct ChildProgram {
  pid_t pid = 0;
  ExecutedProgram last;
  pid_t above = 0;  // the nearest such process that started it, or one above it; 0 = none
  bool is_alive = false;
  // What started it, or something above, has executed another program since: this was a helper of
  // what is there no more (a script that runs `helper &`, then ends in `exec`).
  bool is_of_former = false;
};

}  // namespace faultline
