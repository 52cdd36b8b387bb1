#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"
#include "harness/scenario/model.h"

// How a run went, in the terms of its scenario: what several oracles ask.
namespace faultline {

// The action of step `index` (1-based, StepResult::index) when it is of type T, else nullptr.
template <typename T>
const T* StepActionAs(const Scenario& scenario, int index) {
  if (index < 1 || static_cast<size_t>(index) > scenario.steps.size()) {
    return nullptr;
  }
  return std::get_if<T>(&scenario.steps[static_cast<size_t>(index) - 1].action);
}

// The step during which the target ended: the first that found it gone, else the last that was not
// skipped; 0 when none began.
int StepOfEnd(const Evidence& evidence);

// A finding of what shows at the end of the run; its signature and stack are still to be filled in.
Finding FindingAtEnd(std::string_view kind, const std::string& title, const Evidence& evidence);

// True when the target gave up in a way that the contract allows: a non-zero exit, an abort on
// purpose that its profile allows (any other one is a finding of its own), or an error answer where
// the scenario accepts a result too. Not the same error that the fault-free run answers there: of a
// call that failed it says nothing. nullptr: there is no such run.
bool GaveUpCleanly(const Evidence& evidence, const FaultFreeRun* fault_free);

// A signal ended the target before it came to main(), in the constructor of a library or a variable
// of C++. False where no agent was there to see.
bool DiedBeforeMain(const Evidence& evidence);

// The waits of the run, for the start, answers and the end, in order of time; those in which
// nothing was waited for are left out.
std::vector<const WaitAccount*> Waits(const Evidence& evidence);

// A step, or the stop, ran into its timeout; of any life and target.
bool TimedOut(const Evidence& evidence);

// One that timed out, and may have had less time than its limit (WaitAccount::WasStarved): such a
// hang says something about the machine as long as it has not come again on one that is less busy.
bool TimedOutStarved(const Evidence& evidence);

// The first wait that outlived its limit, got on, and came to an end by itself; nullptr when there
// is none. A run with such a wait, and without a finding, is `slow`.
const WaitAccount* SlowWait(const Evidence& evidence);

// The signal that asked the target to end, or a life of it, or one of several, was lost, and a
// second one ended it (SecondSignal::first_was_lost), as one line without times: which signal, and
// where the thread slept that it should have woken. "" = none was.
std::string LostSignal(const Evidence& evidence);

// A wait for the end of a target that nobody had asked to end, and that was well: it answered a new
// client then, or ended in order when it was asked at last. It outlived the step's limit.
bool WasWellUnasked(const StepResult& step, const Evidence& evidence);

// May the answer of step `result` be another, or none, because nobody knows whether an earlier
// request was obeyed, whose client was dropped (RpcExchange::client_dropped)? One without texts
// among its parameters is about all; others are about what they name.
bool DependsOnDropped(const StepResult& result, const Evidence& evidence, const Scenario& scenario);

// "step 4 (rpc framework_start_init)"
std::string StepText(const StepResult& step);

}  // namespace faultline
