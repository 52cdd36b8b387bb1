#pragma once

#include "harness/base/unique_fd.h"

namespace faultline {

// How a target's stdin, stdout and stderr are connected. All descriptors are close-on-exec and
// above 2; the harness's ends do not block.
struct Stdio {
  UniqueFd input;         // harness's end; for a terminal the same terminal as `output`
  UniqueFd output;        // harness's end
  UniqueFd child_input;   // to become 0
  UniqueFd child_output;  // to become 1 and 2
};

// stdin from a pipe, stdout and stderr into one other pipe, so that their order is kept.
Stdio MakePipes();

// A pseudo-terminal, raw: what is written arrives unchanged and is not echoed, output keeps its
// line ends, and control characters are just bytes.
Stdio MakeTerminal();

}  // namespace faultline
