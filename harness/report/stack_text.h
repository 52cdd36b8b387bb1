#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// "f (lib/thread/iobuf.c:97)": the file by its last parts, template arguments folded.
std::string FrameText(const Frame& frame);

// A stack as lines for people, innermost first, at most `most` of them and "... 12 more frames".
// Frames that repeat, as those of a recursion do, are told once, and how often: "... these 2 frames
// x 1000". `whole`: without that, and with the frames of C++'s standard library, which else are
// left out but for the innermost.
std::vector<std::string> StackLines(const Stack& stack, size_t most, bool whole = false);

}  // namespace faultline
