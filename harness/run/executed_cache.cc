#include "harness/run/executed_cache.h"

#include <string>
#include <string_view>
#include <system_error>

#include "harness/base/files.h"
#include "harness/run/limits.h"
#include "harness/run/module_cache.h"

namespace faultline {
namespace {

// Before the path, which is absolute.
constexpr std::string_view kInChild = "child ";

}  // namespace

ExecutedCache::ExecutedCache(const std::filesystem::path& cache_dir,
                             const std::filesystem::path& program, const Scenario& scenario,
                             const Profile& profile) {
  if (!cache_dir.empty()) {
    file_ =
        cache_dir / "executed" / (ProgramKey(program) + "-" + CommandLineKey(scenario, profile));
  }
}

Executed ExecutedCache::Recall() const {
  std::string text = file_.empty() ? "" : ReadFile(file_).value_or("");
  const bool in_child = text.starts_with(kInChild);
  text.erase(0, in_child ? kInChild.size() : 0);
  std::error_code ignored;
  return std::filesystem::is_regular_file(text, ignored) ? Executed{text, in_child} : Executed{};
}

void ExecutedCache::Remember(const Executed& executed) const {
  if (!file_.empty()) {
    WriteCacheFileAtomically(
        file_, std::string(executed.in_child ? kInChild : "") + executed.program.string());
  }
}

}  // namespace faultline
