#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/substitute.h"
#include "harness/target/guardian.h"

namespace faultline {

// Files outside the run directory that a target leaves even after a clean stop, as its profile's
// `leftovers` say: found, reported and removed. The guardian does that when the harness is killed.
class Leftovers {
 public:
  Leftovers() = default;
  ~Leftovers();  // removes them
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;

  // From here on files that match are the run's. `patterns` are glob(7) patterns after ExpandForRun
  // with `values`; each must be absolute and contain something that only this run has (its pid,
  // prefix or directory), else Failure (kBadInput): it would remove other people's files.
  void Watch(const std::vector<std::string>& patterns, const Variables& values);

  // The files that match now, sorted.
  std::vector<std::filesystem::path> Find() const;

 private:
  std::vector<std::string> patterns_;
  std::vector<Guardian::Watch> watches_;
};

}  // namespace faultline
