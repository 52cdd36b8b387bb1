#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/planner/record_codec.h"

namespace faultline {

// Remembers module records between runs: one file per program (by its build-id) below a directory
// of the user's own. Records are found by path and unchanged file, else by build-id and size. Names
// accumulate: a record answers all that were ever asked of the program. A cache file that is
// damaged, of another planner, or writable by others is ignored and replaced. Several processes may
// use one directory: files are replaced whole, the last writer wins.
class RecordCache {
 public:
  // An empty `directory` remembers nothing.
  explicit RecordCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // One record per module, in the order given; they answer at least `query`. The first module is
  // the program. Throws Failure when a file cannot be read or the cache cannot be written.
  std::vector<ModuleRecord> Records(const std::vector<std::filesystem::path>& modules,
                                    const SymbolQuery& query);

 private:
  std::filesystem::path FileOf(const std::filesystem::path& program) const;

  std::filesystem::path directory_;
};

}  // namespace faultline
