#include "harness/run/executed_cache.h"

#include <system_error>

#include "harness/base/files.h"
#include "harness/run/limits.h"
#include "harness/run/module_cache.h"

namespace faultline {

ExecutedCache::ExecutedCache(const std::filesystem::path& cache_dir,
                             const std::filesystem::path& program, const Scenario& scenario,
                             const Profile& profile) {
  if (!cache_dir.empty()) {
    file_ =
        cache_dir / "executed" / (ProgramKey(program) + "-" + CommandLineKey(scenario, profile));
  }
}

std::filesystem::path ExecutedCache::Recall() const {
  if (file_.empty()) {
    return {};
  }
  const std::filesystem::path executed = ReadFile(file_).value_or("");
  std::error_code ignored;
  return std::filesystem::is_regular_file(executed, ignored) ? executed : std::filesystem::path();
}

void ExecutedCache::Remember(const std::filesystem::path& executed) const {
  if (!file_.empty()) {
    WriteFileAtomically(file_, executed.string());
  }
}

}  // namespace faultline
