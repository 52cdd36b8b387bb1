#include "harness/planner/hook_planner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <vector>

#include "harness/planner/code_sweep.h"
#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

// More than a jump, an endbr64 and the longest instruction can need.
constexpr uint64_t kPrologueSize = 64;

// All symbols that begin at `address`.
std::span<const FunctionSymbol> SymbolsAt(const ElfImage& image, uint64_t address) {
  const auto& functions = image.functions();
  auto begin = std::lower_bound(
      functions.begin(), functions.end(), address,
      [](const FunctionSymbol& symbol, uint64_t value) { return symbol.address < value; });
  auto end = std::find_if(begin, functions.end(),
                          [&](const FunctionSymbol& symbol) { return symbol.address != address; });
  return {begin, end};
}

// The last symbol that begins at or before `address`, or nullptr.
const FunctionSymbol* SymbolContaining(const ElfImage& image, uint64_t address) {
  const auto& functions = image.functions();
  auto behind = std::upper_bound(
      functions.begin(), functions.end(), address,
      [](uint64_t value, const FunctionSymbol& symbol) { return value < symbol.address; });
  return behind == functions.begin() ? nullptr : &*std::prev(behind);
}

std::string Place(const ElfImage& image, uint64_t address) {
  const FunctionSymbol* symbol = SymbolContaining(image, address);
  return symbol == nullptr ? fmt::format("0x{:x}", address)
                           : fmt::format("{}+0x{:x}", symbol->name, address - symbol->address);
}

// Is `address` in a function named as the one at `entry`, its .cold part included?
bool IsOwnCode(const ElfImage& image, uint64_t entry, uint64_t address) {
  const FunctionSymbol* symbol = SymbolContaining(image, address);
  auto names = SymbolsAt(image, entry);
  return symbol != nullptr && std::any_of(names.begin(), names.end(), [&](const auto& name) {
           return symbol->address == entry ||
                  SplitFunctionName(symbol->name).base == SplitFunctionName(name.name).base;
         });
}

std::string IndirectFunctionReason(const ElfImage& image, AddressRange resolver) {
  constexpr size_t kShown = 3;
  std::vector<std::string_view> names;
  for (const FunctionSymbol& function : FunctionsReferredTo(image, resolver)) {
    if (!resolver.Contains(function.address) && !function.indirect) {
      names.push_back(function.name);
    }
  }
  if (names.empty()) {
    return "indirect function (ifunc)";
  }
  size_t more = names.size() > kShown ? names.size() - kShown : 0;
  names.resize(names.size() - more);
  return fmt::format("indirect function (ifunc); it resolves to {}{}, to be named instead",
                     fmt::join(names, " or "), more == 0 ? "" : fmt::format(" or {} more", more));
}

// Up to the instruction level; branches from elsewhere are not looked at yet.
PlannedEntry PlanAlone(const ElfImage& image, uint64_t entry) {
  PlannedEntry planned;
  auto symbols = SymbolsAt(image, entry);
  uint64_t end = entry;
  for (const FunctionSymbol& symbol : symbols) {
    end = std::max(end, entry + symbol.size);
  }
  bool indirect = std::any_of(symbols.begin(), symbols.end(),
                              [](const FunctionSymbol& symbol) { return symbol.indirect; });
  if (indirect) {
    planned.refusal = IndirectFunctionReason(image, {entry, end});
  }
  if (!planned.refusal.empty()) {
    return planned;
  }
  FunctionCode code{entry, end, image.NextEntry(end - 1), {}};
  code.bytes = image.Bytes({entry, std::min(code.limit, entry + kPrologueSize)});
  auto result = RelocatePrologue(code);
  if (auto* refusal = std::get_if<Refusal>(&result)) {
    planned.refusal = refusal->reason;
    return planned;
  }
  auto& recipe = std::get<HookRecipe>(result);
  uint64_t next = image.NextEntry(recipe.patch_at);
  if (next < recipe.patch_end()) {
    planned.refusal = fmt::format("another function, {}, begins at +0x{:x}",
                                  SymbolsAt(image, next).front().name, next - entry);
    return planned;
  }
  planned.recipe = std::move(recipe);
  return planned;
}

void ApplyBranch(const ElfImage& image, const Branch& branch, uint64_t entry,
                 PlannedEntry& planned) {
  bool to_entry = branch.to == entry || branch.to == planned.recipe->patch_at;
  if (!to_entry) {
    planned.refusal = fmt::format("branch back into the prologue at +0x{:x} (from {})",
                                  branch.to - entry, Place(image, branch.from));
  } else if (!branch.is_call && IsOwnCode(image, entry, branch.from)) {
    planned.note = "loops back to its entry: iterations count as calls";
  }
}

}  // namespace

std::map<uint64_t, PlannedEntry> PlanEntries(const ElfImage& image,
                                             const std::set<uint64_t>& entries) {
  std::map<uint64_t, PlannedEntry> planned;
  std::vector<AddressRange> displaced;
  for (uint64_t entry : entries) {
    PlannedEntry& one = planned[entry] = PlanAlone(image, entry);
    if (!one.recipe) {
      continue;
    }
    // A second symbol just behind an endbr64 would be patched at the same place.
    if (!displaced.empty() && displaced.back().end > entry) {
      one.recipe.reset();
      one.refusal = fmt::format("it begins inside the patch of {}", Place(image, entry - 1));
      continue;
    }
    displaced.push_back({entry, one.recipe->patch_end()});
  }
  if (displaced.empty()) {
    return planned;
  }
  for (const Branch& branch : BranchesInto(image, displaced)) {
    auto hit = std::prev(planned.upper_bound(branch.to));
    while (!hit->second.recipe) {
      --hit;  // over an entry inside another's patch, refused above
    }
    if (hit->second.refusal.empty()) {
      ApplyBranch(image, branch, hit->first, hit->second);
    }
  }
  for (auto& [entry, one] : planned) {
    if (!one.refusal.empty()) {
      one.recipe.reset();
    }
  }
  return planned;
}

}  // namespace faultline
