#pragma once

#include <string_view>

#include "harness/evidence/evidence.h"

namespace faultline {

// What `stack`, that of a finding of `kind`, is, as a heading: "Where it waited" of a hang. It is
// where the finding showed, which need not be where it is to be corrected: that is Finding::cause.
// `failed_call`: the stack of the call that was made to fail; empty = none was.
std::string_view StackName(std::string_view kind, std::string_view signature, const Stack& stack,
                           const Stack& failed_call);

// The stack of the first call that was made to fail; empty when none was.
Stack FirstFailedCall(const Evidence& evidence);

}  // namespace faultline
