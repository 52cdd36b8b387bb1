#include "harness/planner/name_index.h"

#include <string_view>

#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

void AddTo(NamedSymbols& named, const FunctionSymbol& symbol, FunctionName::Part part) {
  switch (part) {
    case FunctionName::Part::kWhole:
      named.whole.push_back(&symbol);
      break;
    case FunctionName::Part::kCold:
      named.cold.push_back(&symbol);
      break;
    case FunctionName::Part::kVariant:
      named.variants.push_back(&symbol);
      break;
  }
}

// Is one of `names` a C++ name that is no plain identifier?
bool AnyCxxName(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    if (name.find("::") != std::string::npos || name.starts_with("operator")) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::unordered_map<std::string, NamedSymbols> IndexNames(const ElfImage& image,
                                                         const std::set<std::string>& names) {
  std::unordered_map<std::string, NamedSymbols> index;
  std::unordered_map<std::string_view, NamedSymbols*> slots;
  for (const std::string& name : names) {
    slots[name] = &index[name];
  }
  // A plain identifier may name a C++ function outside every namespace (_Z3foov, _ZL3foov): only
  // those are demangled then. 10,000 names of a C++ program take about 50 ms.
  bool demangle_all = AnyCxxName(names);
  for (const FunctionSymbol& symbol : image.functions()) {
    FunctionName split = SplitFunctionName(symbol.name);
    if (auto slot = slots.find(split.base); slot != slots.end()) {
      AddTo(*slot->second, symbol, split.part);
    } else if (auto exact = slots.find(symbol.name); exact != slots.end()) {
      AddTo(*exact->second, symbol, FunctionName::Part::kWhole);
    } else if (split.base.starts_with("_Z")) {
      bool plain = split.base.size() > 2 && ((split.base[2] >= '1' && split.base[2] <= '9') ||
                                             split.base.starts_with("_ZL"));
      if (demangle_all || plain) {
        auto bare = slots.find(BareCxxName(split.base));
        if (bare != slots.end()) {
          AddTo(*bare->second, symbol, split.part);
        }
      }
    }
  }
  std::erase_if(index, [](const auto& entry) {
    const NamedSymbols& named = entry.second;
    return named.whole.empty() && named.cold.empty() && named.variants.empty();
  });
  return index;
}

}  // namespace faultline
