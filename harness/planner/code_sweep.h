#pragma once

#include <cstdint>
#include <vector>

#include "harness/symbols/elf_image.h"

namespace faultline {

// A direct branch in a module's code.
struct Branch {
  uint64_t from = 0;  // the branch instruction
  uint64_t to = 0;
  bool is_call = false;
};

// Every direct branch (jcc, jmp, call, loop, xbegin) of the module that leads into one of
// `targets`, which are sorted and disjoint. One linear sweep over all code, started anew at each
// known function, so that data between functions cannot put it out of step for long. Jumps through
// tables are not seen. About 0.1 s for the 6 MB of code of a static spdk_tgt.
std::vector<Branch> BranchesInto(const ElfImage& image, const std::vector<AddressRange>& targets);

// The functions whose address the code in `resolver` takes: what an indirect function (ifunc) may
// resolve to.
std::vector<FunctionSymbol> FunctionsReferredTo(const ElfImage& image, AddressRange resolver);

}  // namespace faultline
