#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/run/sandbox.h"

// Where, other than in its output, a target or a companion shows that it is ready.
namespace faultline {

// What tells a file from the one that was at its path before.
struct FileMark {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t changed_ns = 0;  // st_ctim
  bool operator==(const FileMark&) const = default;
};

// What is at `path` (as `file` of a `ready` has it: run-time names are variables, a relative path
// is below the run directory): a file, a socket, a symlink. nullopt: nothing.
std::optional<FileMark> MarkAt(const std::string& path, const Sandbox& sandbox);

// Does anybody in the run's network listen at this TCP port? Nobody is connected to. Failure
// (kBadInput) when `port`, after expansion, is no number from 1 to 65535.
bool ListensAt(const std::string& port, const Sandbox& sandbox);

}  // namespace faultline
