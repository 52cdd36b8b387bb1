#pragma once

#include <cstdint>
#include <filesystem>

namespace faultline {

// Another program in a process's place, by execve(2).
struct ExecutedProgram {
  std::filesystem::path program;
  int64_t time_ms = 0;  // since the start
};

}  // namespace faultline
