#pragma once

#include <string>
#include <vector>

#include "harness/store/records.h"

// How far a finding is to be believed. Everything that tells, counts or fails by findings asks
// here: report, exit codes, baselines, compare, merge, JSON.
namespace faultline {

// Reruns that confirm a finding.
inline constexpr int64_t kConfirmationRuns = 3;

// In the order in which a report has them.
enum class FindingStatus {
  kConfirmed,  // it came again in each of kConfirmationRuns reruns, and its failure is possible;
               // what the stop signal may hide is asked for without one
  kFlaky,      // it came again in some of them
  kUnproven,   // it came again in none of them
  kAssumed,    // nothing below was seen to make the function fail that was made to fail
  kNotTried,   // the budget ended before enough reruns were made to tell
  kByDesign,   // no broken promise: the target ended itself as its profile says that it may
};
inline constexpr FindingStatus kFindingStatuses[] = {
    FindingStatus::kConfirmed, FindingStatus::kFlaky,    FindingStatus::kUnproven,
    FindingStatus::kAssumed,   FindingStatus::kNotTried, FindingStatus::kByDesign};

FindingStatus StatusOf(const FindingGroup& group);

// More runs may still tell what it is. Not so of one whose call was seen never to fail: how often
// it comes then does not matter.
bool NeedsConfirming(const FindingGroup& group);

// "confirmed", "flaky", "unproven", "assumed", "not tried", "by design"
const char* StatusName(FindingStatus status);

// True when a command whose findings are new because of it ends with exit code 1: it is confirmed,
// or a crash that came at least twice (a sanitizer's report is one). An assumed one only with
// `assumed_too`; one not tried never: what makes it may be impossible, or a busy machine; and never
// one by design.
bool FailsCommand(const FindingGroup& group, bool assumed_too = false);

// The finding also came in reruns without the fault: a race of the target's own, for which no
// failed call is to blame.
bool ComesWithoutFault(const FindingGroup& group);

// The finding came in each rerun in which the target, which backs out, got no stop signal
// meanwhile. That it did not come each time with one is then the doing of that signal, not doubt
// about it.
bool ComesWithoutSignal(const FindingGroup& group);
bool ComesWithoutSignal(const Confirmation& confirmation);

// In how many of group.tries reruns it came again; of those without a stop signal where they
// decide.
int64_t CameAgain(const FindingGroup& group);

// What is to be said of a finding besides its status and its reruns: the proof or why there is
// none, what came without the fault or without the stop signal; "" for most.
std::string StatusRemark(const FindingGroup& group);

// One sentence without a full stop, for people: "flaky: came again in 1 of 3 runs; came in 2 of 3
// runs without the fault too: a race of the target's own". With StatusRemark.
std::string StatusText(const FindingGroup& group);

// `group` as the confirmation has it.
void Apply(const Confirmation& confirmation, FindingGroup& group);

}  // namespace faultline
