#pragma once

#include <cstdint>

#include "harness/base/line_pattern.h"
#include "harness/symbols/elf_image.h"

namespace faultline {

// Does the function that has the code at `pc` (relative to the load bias) take the address of a
// constant text that matches `pattern`, somewhere between its entry and `pc`? So a thread is known
// to have come past the place where its function says something, whether or not anybody heard it:
// compilers lay code out in the order in which it runs, but for loops and what is seldom run. The
// text is the file's, a format string perhaps, so that a pattern which only matches what is
// printed finds none. Functions begin where symbols or .eh_frame_hdr (LSB 10.6.2) say.
bool NamesTextBefore(const ElfImage& image, uint64_t pc, const LinePattern& pattern);

}  // namespace faultline
