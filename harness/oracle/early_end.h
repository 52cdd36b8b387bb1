#pragma once

#include "harness/oracle/oracle.h"

// A target that ended by itself before its scenario was through: what that end has to do with the
// calls that failed.
namespace faultline {

// The started process of a target that detaches ended as after a success, and none of its children
// is up: nobody but that process tells of the end.
bool LeftItsChildAlone(const Evidence& evidence, const OracleContext& context);

// The call whose failure the end of a target that ended early is to tell of: one in a forked child,
// whose parent is to blame, or else `first`, the first that failed, unless that was survived and a
// later one was not.
const Injection& FailureBehindEnd(const Evidence& evidence, const OracleContext& context,
                                  const Injection& first);

}  // namespace faultline
