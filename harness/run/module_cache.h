#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// What earlier runs of a program are known to map after its start: drivers that DPDK's EAL loads,
// plug-ins. The planner must know them beforehand to plan hooks for them. One file per program
// below the cache directory, one path a line. Losing it costs one repeated run, never a wrong
// answer.
class ModuleCache {
 public:
  // An empty `cache_dir` remembers nothing. `program_key` tells programs apart (see ProgramKey).
  ModuleCache(const std::filesystem::path& cache_dir, const std::string& program_key);

  // The modules that are still there, sorted.
  std::vector<std::filesystem::path> Recall() const;
  // Adds `modules` to what is known. A cache that cannot be written is a Failure (kCannotWork).
  void Remember(const std::vector<std::filesystem::path>& modules) const;

 private:
  std::filesystem::path file_;  // empty: no cache
};

// Identifies a program's content for caches: its build-id, or for a file without one its path, size
// and time of change.
std::string ProgramKey(const std::filesystem::path& program);

}  // namespace faultline
