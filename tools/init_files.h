#pragma once

#include <string>

#include "harness/run/first_look.h"
#include "tools/init_subject.h"

namespace faultline {

// The files that `faultline init` writes of what it saw, with comments that say why; and what it
// tells the user, a line each.
std::string InitProfileText(const InitSubject& subject, const FirstLook& look);
std::string InitScenarioText(const InitSubject& subject, const FirstLook& look);
std::string InitTold(const FirstLook& look);

}  // namespace faultline
