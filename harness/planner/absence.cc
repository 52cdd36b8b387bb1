#include "harness/planner/absence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/planner/inlined.h"
#include "harness/symbols/function_name.h"

namespace faultline {

std::string InlinedFunction::Text() const {
  constexpr size_t kShown = 4;
  std::vector<std::string> names(into.begin(), into.end());
  const size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  return fmt::format("every call was inlined, into `{}`{}: it has no code of its own",
                     fmt::join(names, "`, `"), more == 0 ? "" : fmt::format(" and {} more", more));
}

std::map<std::string, InlinedFunction> FindInlined(const std::vector<ModuleRecord>& records,
                                                   const std::set<std::string>& names) {
  std::map<std::string, InlinedFunction> found;
  for (const ModuleRecord& record : records) {
    ElfImage image = ElfImage::Open(record.path);
    for (const auto& [name, into] : InlinedFunctions(image, names)) {
      InlinedFunction& function = found[name];
      function.module = function.module.empty() ? record.base_name() : function.module;
      function.into.insert(into.begin(), into.end());
    }
  }
  return found;
}

std::vector<std::string> AllFunctionNames(const std::vector<ModuleRecord>& records) {
  std::set<std::string> names;
  for (const ModuleRecord& record : records) {
    ElfImage image = ElfImage::Open(record.path);
    for (const FunctionSymbol& function : image.functions()) {
      std::string_view base = SplitFunctionName(function.name).base;
      std::string bare = BareCxxName(base);
      names.insert(bare.empty() ? std::string(base) : bare);
    }
  }
  return {names.begin(), names.end()};
}

std::string ModuleList(const std::vector<ModuleRecord>& records) {
  constexpr size_t kShown = 4;
  std::vector<std::string> names;
  for (size_t i = 0; i < records.size() && i < kShown; ++i) {
    names.push_back(records[i].base_name());
  }
  return records.size() <= kShown ? fmt::format("{}", fmt::join(names, ", "))
                                  : fmt::format("{} and {} more modules", fmt::join(names, ", "),
                                                records.size() - kShown);
}

}  // namespace faultline
