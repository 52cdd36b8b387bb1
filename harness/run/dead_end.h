#pragma once

#include <cstdint>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/symbols/elf_image.h"
#include "harness/target/stack_snapshot.h"

namespace faultline {

// Can a call of the function that holds `address` (relative to the load bias) end in nothing but
// the end of the process? True for a function whose code neither returns, nor jumps elsewhere, nor
// loops: a panic function and the small helpers around abort(), but no event loop. False where its
// bounds are not known, and for a part that the compiler split off a function ("f.cold",
// "f.part.0"), which has that function's name.
bool IsDeadEnd(const ElfImage& image, uint64_t address);

// Sets Frame::ends_process in the stack of a thread that called abort(). `named` are the frames of
// `raw`, one by one; only the inner end is looked at, as far as it is machinery or dead ends.
void MarkDeadEnds(const std::vector<RawFrame>& raw, std::vector<Stack>& named);

}  // namespace faultline
