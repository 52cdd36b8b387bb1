#pragma once

#include "harness/evidence/evidence.h"

// What failed before anything was made to fail is no consequence of it.
namespace faultline {

// Had the step ended otherwise than written, and been over, when the first fault hit a call? False
// where none did. Of several targets: of one's own evidence.
bool FailedBeforeFault(const StepResult& step, const Evidence& evidence);

// The step in which `finding` came to light is such a one.
bool CameBeforeFault(const Finding& finding, const Evidence& evidence);

}  // namespace faultline
