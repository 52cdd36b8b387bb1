#include "harness/planner/symbol_resolver.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "harness/planner/hook_planner.h"
#include "harness/planner/name_index.h"
#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

using Status = PointCoverage::Status;

// "a.constprop.0, a.part.1 and 3 more".
std::string NameList(const std::vector<const FunctionSymbol*>& symbols) {
  constexpr size_t kShown = 3;
  std::vector<std::string_view> names;
  names.reserve(symbols.size());
  for (const FunctionSymbol* symbol : symbols) {
    names.push_back(symbol->name);
  }
  size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  return more == 0 ? fmt::format("{}", fmt::join(names, ", "))
                   : fmt::format("{} and {} more", fmt::join(names, ", "), more);
}

void AppendNote(std::string& notes, const std::string& note) {
  if (!note.empty() && notes.find(note) == std::string::npos) {
    notes += (notes.empty() ? "" : "; ") + note;
  }
}

HookAnswer AnswerFor(const std::string& name, const NamedSymbols& named,
                     const std::map<uint64_t, PlannedEntry>& entries) {
  HookAnswer answer;
  answer.name = name;
  if (named.whole.empty()) {
    answer.status = named.variants.empty() ? Status::kMissing : Status::kVariant;
    answer.reason = fmt::format("only {} exists: another signature", NameList(named.variants));
    return answer;
  }
  std::map<uint64_t, const FunctionSymbol*> definitions;
  for (const FunctionSymbol* symbol : named.whole) {
    definitions.try_emplace(symbol->address, symbol);
  }
  size_t refused = 0;
  for (const auto& [address, symbol] : definitions) {
    const PlannedEntry& planned = entries.at(address);
    AppendNote(answer.note, planned.note);
    if (planned.recipe) {
      answer.hooks.push_back({std::string(symbol->name), *planned.recipe});
    } else {
      ++refused;
      AppendNote(answer.reason, planned.refusal);
    }
  }
  answer.status = answer.hooks.empty() ? Status::kRefused : Status::kFound;
  if (!answer.hooks.empty() && refused > 0) {
    AppendNote(answer.note, fmt::format("{} of {} functions of this name are not hooked: {}",
                                        refused, definitions.size(), answer.reason));
    answer.reason.clear();
  } else if (definitions.size() > 1) {
    AppendNote(answer.note, fmt::format("{} functions of this name", definitions.size()));
  }
  if (answer.hooks.size() == 1 && SplitFunctionName(answer.hooks[0].symbol).base != name) {
    AppendNote(answer.note, "as " + answer.hooks[0].symbol);
  }
  if (!named.variants.empty()) {
    AppendNote(answer.note,
               fmt::format("not hooked: {} (another signature)", NameList(named.variants)));
  }
  return answer;
}

RangeAnswer RangesOf(const std::string& name, const NamedSymbols& named) {
  RangeAnswer answer{name, {}};
  for (const auto* list : {&named.whole, &named.cold, &named.variants}) {
    for (const FunctionSymbol* symbol : *list) {
      answer.ranges.push_back({symbol->address, symbol->address + symbol->size});
    }
  }
  std::sort(answer.ranges.begin(), answer.ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  answer.ranges.erase(std::unique(answer.ranges.begin(), answer.ranges.end()), answer.ranges.end());
  return answer;
}

}  // namespace

void ResolveSymbols(ElfImage& image, const SymbolQuery& query, ModuleRecord& record) {
  std::set<std::string> names = query.hooks;
  names.insert(query.ranges.begin(), query.ranges.end());
  auto index = IndexNames(image, names);
  std::string never = NeverPatched(record.base_name());

  std::set<uint64_t> wanted;
  for (const auto& [name, named] : index) {
    if (never.empty() && query.hooks.contains(name)) {
      for (const FunctionSymbol* symbol : named.whole) {
        wanted.insert(symbol->address);
      }
    }
  }
  auto entries = PlanEntries(image, wanted);
  for (const std::string& name : names) {
    auto found = index.find(name);
    if (found == index.end()) {
      continue;
    }
    if (query.ranges.contains(name)) {
      record.ranges.push_back(RangesOf(name, found->second));
    }
    if (query.hooks.contains(name) && !never.empty()) {
      record.hooks.push_back({name, Status::kRefused, never, "", {}});
    } else if (query.hooks.contains(name)) {
      HookAnswer answer = AnswerFor(name, found->second, entries);
      if (answer.status != Status::kMissing) {  // a .cold part alone is no function
        record.hooks.push_back(std::move(answer));
      }
    }
  }
  for (const std::string& name : query.tls) {
    for (const TlsSymbol& symbol : image.tls_symbols()) {
      if (SplitFunctionName(symbol.name).base == name) {
        record.tls.push_back({name, symbol.offset});
        break;
      }
    }
  }
}

std::vector<PlannedHook> HookEveryFunction(ElfImage& image, std::vector<std::string>& refused) {
  std::map<uint64_t, const FunctionSymbol*> functions;
  std::set<uint64_t> wanted;
  for (const FunctionSymbol& symbol : image.functions()) {
    if (SplitFunctionName(symbol.name).part != FunctionName::Part::kCold) {
      functions.try_emplace(symbol.address, &symbol);
      wanted.insert(symbol.address);
    }
  }
  std::vector<PlannedHook> hooks;
  for (auto& [entry, planned] : PlanEntries(image, wanted)) {
    std::string symbol(functions.at(entry)->name);
    if (planned.recipe) {
      hooks.push_back({symbol, std::move(*planned.recipe)});
    } else {
      refused.push_back(symbol + ": " + planned.refusal);
    }
  }
  return hooks;
}

}  // namespace faultline
