#pragma once

#include <string>

#include "harness/evidence/evidence.h"

namespace faultline {

// A stack as stores keep it, without the frames of the agent; empty for a text of another form.
Stack FramesOf(const std::string& stored);

}  // namespace faultline
