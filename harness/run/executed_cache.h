#pragma once

#include <filesystem>

#include "harness/run/executor.h"
#include "harness/scenario/model.h"

namespace faultline {

// Which program another executes, in its place or in a child, as a run has shown it. Kept below a
// cache directory; an empty one keeps nothing.
class ExecutedCache {
 public:
  // What a wrapper executes its arguments decide, the files that they name, and PATH: all are part
  // of what is remembered. So may be what nobody sees here (a file that a script reads): who uses
  // what is recalled has to look whether it is so still (ThatIsStale).
  ExecutedCache(const std::filesystem::path& cache_dir, const std::filesystem::path& program,
                const Scenario& scenario, const Profile& profile);

  // Empty when nothing is known, or what was known is there no more.
  Executed Recall() const;
  void Remember(const Executed& executed) const;
  void Forget() const;

 private:
  std::filesystem::path file_;
};

}  // namespace faultline
