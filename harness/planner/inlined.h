#pragma once

#include <map>
#include <set>
#include <string>

#include "harness/symbols/elf_image.h"

namespace faultline {

// Those of `names` that the debug info of `image` shows only as inlined: an instance of
// DW_TAG_inlined_subroutine has that function as its origin; and of each the functions with code of
// their own that hold such instances. Empty without debug info. Reads all units: about a second for
// a static spdk_tgt.
std::map<std::string, std::set<std::string>> InlinedFunctions(const ElfImage& image,
                                                              const std::set<std::string>& names);

}  // namespace faultline
