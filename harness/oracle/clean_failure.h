#pragma once

#include "harness/oracle/oracle.h"

// What excuses a run that did not go as the scenario says: something failed, and the target gave up
// as it should.
namespace faultline {

// Does the scenario say that the target may fail cleanly?
bool MayGiveUp(const OracleContext& context);

// Was a call made to fail? Also when it was a call of another target, which may keep this one from
// what was written.
bool SomethingFailed(const Evidence& evidence, const OracleContext& context);

// The step as written; nullptr when the scenario has no such step.
const Step* StepOf(const StepResult& result, const Scenario& scenario);

// Did the target not even start although nothing was made to fail? The shortage that a scenario
// tolerates comes later, and nothing of it is tried: the surroundings of the target, or its
// arguments, do not let it start.
bool FailedToStart(const StepResult& result, const Evidence& evidence,
                   const OracleContext& context);

// May this step have ended otherwise than written, because the target gave up cleanly?
bool IsCleanFailure(const StepResult& result, const Evidence& evidence,
                    const OracleContext& context);

// May the request that a fault sent? It makes no call fail, so that only another fault excuses the
// target: the request was refused, or the target gave up before it answered. One that asks to stop
// may end it at once.
bool IsCleanFailure(const FaultRpc& rpc, const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
