#pragma once

#include <string>
#include <vector>

#include "harness/oracle/forgetter.h"
#include "harness/oracle/leaked_objects.h"
#include "harness/oracle/met_failure.h"
#include "harness/oracle/oracle.h"

namespace faultline {

// Leaked objects that one function forgets: one cause. The first group that has a name stands for
// all of them.
struct ForgottenObjects {
  LeakedGroup group;
  Stack stack;  // that made its first object
  Forgetter forgetter;
  std::vector<std::string> others = {};  // texts of the objects of the other groups
  std::string skipped = {};              // see SkippedRelease; "" = an error path forgets them
  std::string first_skipped = {};  // where the stop skips more than one: the first of its file
};

// "mempool `bdev_io_pool'", "heap object made by start_ports". `makers`: the stack that made the
// object, without the functions that make objects for others (WithoutMakers).
std::string ObjectText(const TrackedObject& object, const Stack& makers);

// What the run leaves and its fault-free run gives back, by who forgets it, in order of creation.
// `met` is FindWhoMet of the run, `silent` its UnnoticedSilentCreator. Empty when that cannot be
// judged (see FindLeakedObjects). Not thread-safe, as `symbolizer` is not.
std::vector<ForgottenObjects> FindForgottenObjects(const Evidence& evidence,
                                                   const OracleContext& context,
                                                   const MetFailure& met, const std::string& silent,
                                                   Symbolizer& symbolizer);

}  // namespace faultline
