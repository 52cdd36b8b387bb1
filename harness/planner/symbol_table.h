#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/planner/module_record.h"

namespace faultline {

// Which modules answer a name, for all modules of a program. Borrows the records.
class SymbolTable {
 public:
  template <typename Answer>
  using Answers = std::vector<std::pair<uint32_t, const Answer*>>;  // module index and answer

  explicit SymbolTable(const std::vector<ModuleRecord>& records) {
    for (uint32_t module = 0; module < records.size(); ++module) {
      Enter(module, records[module].hooks, hooks_);
      Enter(module, records[module].ranges, ranges_);
      Enter(module, records[module].tls, tls_);
    }
  }

  const Answers<HookAnswer>& Hooks(std::string_view name) const { return Find(hooks_, name); }
  const Answers<RangeAnswer>& Ranges(std::string_view name) const { return Find(ranges_, name); }
  const Answers<TlsAnswer>& Tls(std::string_view name) const { return Find(tls_, name); }

 private:
  template <typename Answer>
  using Map = std::unordered_map<std::string_view, Answers<Answer>>;

  template <typename Answer>
  static void Enter(uint32_t module, const std::vector<Answer>& answers, Map<Answer>& map) {
    for (const Answer& answer : answers) {
      map[answer.name].emplace_back(module, &answer);
    }
  }
  template <typename Answer>
  static const Answers<Answer>& Find(const Map<Answer>& map, std::string_view name) {
    static const Answers<Answer> kNone;
    auto found = map.find(name);
    return found == map.end() ? kNone : found->second;
  }

  Map<HookAnswer> hooks_;
  Map<RangeAnswer> ranges_;
  Map<TlsAnswer> tls_;
};

}  // namespace faultline
