#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"

// What findings say of the call that was made to fail: in titles, and at the end of signatures.
namespace faultline {

// The first call that was made to fail; nullptr when none was, as in a run that only got a signal.
const Injection* FirstFailure(const Evidence& evidence);

// The function that met the failure: who called what failed, fault points left out (see
// StackThatMetFailure), without template arguments. "" when the stack has no names.
std::string FunctionThatMet(const Injection& failure, const Catalogue& catalogue);

// Was `function` the one that met the failure, or a fault point between it and the failed call?
// Then to name both would be to tell the same twice.
bool IsWhereItFailed(const std::string& function, const Injection& failure,
                     const Catalogue& catalogue);

// "dpdk/ring/create failed in iobuf_init", the function being that which met it; without it where
// it has no name.
std::string FailureText(const Injection& failure, const Catalogue& catalogue);

// The clauses by which a signature tells of the failed call. One bug has several such signatures
// when different failures bring it about; SignatureWithoutFault takes the clause off again.
inline constexpr std::string_view kACallFailed = "; a call failed";
inline constexpr std::string_view kAfterAFailed = "; after a failed ";
inline constexpr std::string_view kStillRetrying = "; still retrying ";

// `signature` without what it says of the call that was made to fail: equal for one bug that
// different failures, or none at all, bring about. Most signatures say nothing of that call and
// are returned as they are.
std::string SignatureWithoutFault(std::string_view signature);

}  // namespace faultline
