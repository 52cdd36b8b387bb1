#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/oracle/met_failure.h"

// What findings say of the call that was made to fail: in titles, and at the end of signatures.
namespace faultline {

// Made to fail, and not that a signal was sent or a step taken at it.
bool IsFailedCall(const Injection& injection);

// The first call that was made to fail; nullptr when none was, as in a run that only got a signal.
const Injection* FirstFailure(const Evidence& evidence);

// The function that met the failure, without template arguments. "" when the stack has no names.
std::string FunctionThatMet(const MetFailure& met);

// Was `function` the one that met `failure`, or one between it and the failed call? Then to name
// both would be to tell the same twice. Not one that was seen to hand the failure on: that was done
// with it, and what happens in it later is another call's doing.
bool IsWhereItFailed(const std::string& function, const Injection& failure, const MetFailure& met);

// " in pool_init", the function at the front of `stack`; " below rte_eal_cleanup" where that one
// has no name, and its nearest caller that has one is meant; " in Python code" where it is an
// interpreter's. "" when the stack has no names.
std::string InFunction(const Stack& stack);

// " in iobuf_init", the function that met the failure, where it made the call that failed; else
// " below iobuf_init": who looks for the call there does not find it. See InFunction.
std::string WhereItFailed(const Injection& failure, const MetFailure& met);

// "dpdk/ring/create failed in iobuf_init", see WhereItFailed.
std::string FailureText(const Injection& failure, const MetFailure& met);

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
