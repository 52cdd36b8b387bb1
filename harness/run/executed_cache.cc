#include "harness/run/executed_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "harness/base/files.h"
#include "harness/run/module_cache.h"
#include "harness/run/run_keys.h"

namespace faultline {
namespace {

// Before the path, which is absolute: "child 2 /path".
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
  int number = 1;
  if (in_child) {
    const size_t path = std::min(text.find('/'), text.size());
    number = std::max(1, std::atoi(text.c_str() + kInChild.size()));
    text.erase(0, path);
  }
  std::error_code ignored;
  return std::filesystem::is_regular_file(text, ignored)
             ? Executed{text, in_child, number, /*is_remembered=*/true}
             : Executed{};
}

void ExecutedCache::Forget() const {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void ExecutedCache::Remember(const Executed& executed) const {
  if (!file_.empty()) {
    WriteCacheFileAtomically(
        file_, executed.in_child
                   ? fmt::format("{}{} {}", kInChild, executed.number, executed.program.string())
                   : executed.program.string());
  }
}

}  // namespace faultline
