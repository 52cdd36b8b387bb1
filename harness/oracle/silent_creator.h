#pragma once

#include <string>

#include "harness/oracle/oracle.h"

namespace faultline {

// The function that a run's first failure was lost in: it creates objects of `registry`, returns
// nothing, and so can tell none of its callers that it failed (an observer of a creation whose key
// is an argument and whose failure is only noted). The failed call is that function itself, or was
// made by it. "" when there is none.
std::string SilentCreator(const Evidence& evidence, const Catalogue& catalogue,
                          const std::string& registry);

// The same, for any registry of which a later call met the object that is not there: had somebody
// noticed that it was not made, nobody would have asked for it. Then no function has failed from
// which an error path could have been taken.
std::string UnnoticedSilentCreator(const Evidence& evidence, const Catalogue& catalogue);

// Finding::cause of what comes of such a failure; "" for "".
std::string CauseOfSilence(const std::string& function);

}  // namespace faultline
