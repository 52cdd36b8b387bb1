#pragma once

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// Does the catalogue say of this call that it may fail without anybody being told, and without
// anything being undone (Catalogue::benign)?
bool IsBenign(const Injection& injection, const Catalogue& catalogue);

}  // namespace faultline
