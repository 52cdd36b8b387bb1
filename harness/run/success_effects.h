#pragma once

#include <string>

#include "harness/oracle/fault_free_run.h"
#include "harness/run/live_run.h"
#include "harness/run/state_look.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// The fault-free run's answer to the last request, of which there must be one; nullptr when it is
// not known.
const FaultFreeAnswer* ModelOfLast(LiveRun& run);

// After a request that succeeded: writes into its exchange, the last of the evidence, how much it
// changed (RpcExchange::changes) and what it added of what a success promises (::added). Where the
// fault-free run is known, what the request adds there is waited for. Nothing when the last
// exchange is not this request's, in step `step`, or was not a success. Needs
// StateLook::TakeBefore.
void NoteEffects(LiveRun& run, StateLook& look, const RpcStep& rpc, int step);

}  // namespace faultline
