#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/symbols/elf_image.h"

namespace faultline {

// The symbols of one image that belong to a name. Pointers are into the image.
struct NamedSymbols {
  std::vector<const FunctionSymbol*> whole;     // definitions; several, with aliases, of one name
  std::vector<const FunctionSymbol*> cold;      // split-off unlikely blocks
  std::vector<const FunctionSymbol*> variants;  // .constprop, .isra, .part
};

// Finds `names` in one pass over the image's symbols. A symbol belongs to a name that is its full
// name, its name without suffixes and version, or its bare C++ name.
std::unordered_map<std::string, NamedSymbols> IndexNames(const ElfImage& image,
                                                         const std::set<std::string>& names);

}  // namespace faultline
