#pragma once

#include <string>

#include "harness/run/live_run.h"

namespace faultline {

// Why the lines that the target has written do not prove that it has its required arguments, as its
// profile's required_args_proof says; "" when they do. Waits up to 2 s for the first such line: a
// terminal hands on late what was written to it.
std::string RefuseByLog(LiveRun& run);

// Failure (kBadInput) when the target has been ready and nothing has proven them: the function was
// never called.
void CheckProven(LiveRun& run);

}  // namespace faultline
