#pragma once

#include <string>
#include <vector>

#include "harness/run/first_look.h"
#include "tools/init_subject.h"

namespace faultline {

// The files that `faultline init` writes of what it saw, with comments that say why; and what it
// tells the user, a line each.
std::string InitProfileText(const InitSubject& subject, const FirstLook& look);
std::string InitScenarioText(const InitSubject& subject, const FirstLook& look);
std::string InitTold(const InitSubject& subject, const FirstLook& look);

// Does anything show that it is ready? One that detaches needs that.
bool ShowsReady(const InitSubject& subject, const FirstLook& look);

// Names of baselines of what is in the program, for the sweep that is printed.
std::vector<std::string> InitBaselines(const InitSubject& subject);

}  // namespace faultline
