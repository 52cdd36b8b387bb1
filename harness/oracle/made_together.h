#pragma once

#include <string>

#include "harness/evidence/evidence.h"

namespace faultline {

// Were two objects made by the same run of one function, each at most two source files below it?
// Then whoever forgets one of them and the other has made one mistake, not two. Subsystems that
// start each other in a chain are further apart.
bool MadeTogether(const Stack& one, const Stack& other);

}  // namespace faultline
