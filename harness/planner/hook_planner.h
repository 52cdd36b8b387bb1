#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "harness/planner/relocator.h"
#include "harness/symbols/elf_image.h"

namespace faultline {

// What becomes of one function entry: a recipe, or the reason why there is none.
struct PlannedEntry {
  std::optional<HookRecipe> recipe;
  std::string refusal;
  std::string note;  // "loops back to its entry: iterations count as calls"
};

// Plans hooks for the functions that begin at `entries`: relocates their prologues and sweeps the
// module's code once for branches into what they displace. Thread-safe for different images.
std::map<uint64_t, PlannedEntry> PlanEntries(const ElfImage& image,
                                             const std::set<uint64_t>& entries);

}  // namespace faultline
