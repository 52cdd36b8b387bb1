#pragma once

#include <string>
#include <vector>

#include "harness/planner/module_record.h"
#include "harness/symbols/elf_image.h"

namespace faultline {

// Looks `query` up in `image` and appends the answers to `record`: every definition of a name
// (several static functions of one name, versions NAME@V, aliases, .lto_priv copies), relocated and
// checked against branches into the displaced bytes. Not thread-safe for one image.
void ResolveSymbols(ElfImage& image, const SymbolQuery& query, ModuleRecord& record);

// A hook on every function of `image`; what is refused is among `refused` as "SYMBOL: REASON".
std::vector<PlannedHook> HookEveryFunction(ElfImage& image, std::vector<std::string>& refused);

}  // namespace faultline
