#include "harness/oracle/clean_failure.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "harness/oracle/before_fault.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/told_failure.h"

namespace faultline {
namespace {

using Status = StepResult::Status;

// The step's own tolerance; nullopt when it has none.
std::optional<Tolerance> OwnTolerance(const StepResult& result, const Scenario& scenario) {
  const Step* step = StepOf(result, scenario);
  return step == nullptr ? std::nullopt : step->tolerance;
}

// Did the answer to the RPC of step `index` come as an error, or the connection end before it?
bool WasRefused(const Evidence& evidence, int index) {
  return std::any_of(evidence.rpcs.begin(), evidence.rpcs.end(), [index](const RpcExchange& rpc) {
    return rpc.step == index && (rpc.outcome == RpcExchange::Outcome::kError ||
                                 rpc.outcome == RpcExchange::Outcome::kGone);
  });
}

// Is the request of the step refused as the fault-free run's is, by what the scenario does to the
// target?
bool IsRefusedAnyway(const StepResult& result, const Evidence& evidence,
                     const OracleContext& context) {
  std::map<std::string, size_t> seen;
  for (const RpcExchange& rpc : evidence.rpcs) {
    const size_t nth = seen[rpc.method]++;
    if (rpc.step == result.index && context.fault_free != nullptr) {
      const FaultFreeAnswer* model = context.fault_free->FindAnswer(rpc.method, nth);
      return model != nullptr && model->outcome != RpcExchange::Outcome::kResult &&
             model->outcome == rpc.outcome;
    }
  }
  return false;
}

// May this step miss what an earlier life of the target has not kept, and said so? The target must
// start and end, and answer, all the same.
bool MissesWhatWasLost(const StepResult& result, const OracleContext& context) {
  return context.lost_before && result.status == Status::kUnmet &&
         StepActionAs<WaitReadyStep>(context.scenario, result.index) == nullptr &&
         StepActionAs<WaitExitStep>(context.scenario, result.index) == nullptr;
}

// The request itself was wrong (JSON-RPC 2.0, section 5.1): no failure of the target's makes it so.
bool IsWrongRequest(const RpcExchange& rpc) {
  constexpr std::array<int, 4> kCodes = {-32700, -32600, -32601, -32602};
  return rpc.outcome == RpcExchange::Outcome::kError && rpc.answer.is_object() &&
         std::any_of(kCodes.begin(), kCodes.end(), [&](int code) {
           return rpc.answer.contains("code") && rpc.answer["code"] == code;
         });
}

}  // namespace

bool MayGiveUp(const OracleContext& context) {
  return context.scenario.tolerance == Tolerance::kMayFailCleanly;
}

bool SomethingFailed(const Evidence& evidence, const OracleContext& context) {
  return context.hit_elsewhere ||
         std::any_of(evidence.injections.begin(), evidence.injections.end(), IsFailedCall);
}

const Step* StepOf(const StepResult& result, const Scenario& scenario) {
  const auto index = static_cast<size_t>(result.index);
  return index < 1 || index > scenario.steps.size() ? nullptr : &scenario.steps[index - 1];
}

bool FailedToStart(const StepResult& result, const Evidence& evidence,
                   const OracleContext& context) {
  return StepActionAs<WaitReadyStep>(context.scenario, result.index) != nullptr &&
         result.status == Status::kTargetGone && context.scenario.faults.empty() &&
         evidence.injections.empty() && !context.hit_elsewhere && !context.gave_up_elsewhere;
}

bool IsCleanFailure(const StepResult& result, const Evidence& evidence,
                    const OracleContext& context) {
  const std::optional<Tolerance> own = OwnTolerance(result, context.scenario);
  if (!own.has_value() && MissesWhatWasLost(result, context)) {
    return true;
  }
  if (!own.has_value() && FailedToStart(result, evidence, context)) {
    return false;
  }
  if (own.value_or(context.scenario.tolerance) != Tolerance::kMayFailCleanly) {
    return false;
  }
  // A step that says so may fail by what was made to fail, or, where nothing is made to fail, by
  // what the scenario does to the target. One that finds the target gone is about more than itself.
  if (own.has_value() && result.status != Status::kTargetGone &&
      (SomethingFailed(evidence, context) || context.scenario.faults.empty())) {
    return true;
  }
  if (FailedBeforeFault(result, evidence) && !context.hit_elsewhere) {
    return IsRefusedAnyway(result, evidence, context);
  }
  if (StepActionAs<RpcStep>(context.scenario, result.index) != nullptr &&
      result.status == Status::kUnmet) {
    return WasRefused(evidence, result.index);
  }
  return GaveUpCleanly(evidence, context.fault_free) || context.gave_up_elsewhere ||
         WasToldOfFailure(result, evidence, context);
}

bool IsCleanFailure(const FaultRpc& rpc, const Evidence& evidence, const OracleContext& context) {
  const Fault* fault = context.scenario.FindFault(rpc.fault);
  if (fault == nullptr || !fault->expect.empty() || !rpc.delivered ||
      IsWrongRequest(rpc.exchange)) {
    return false;
  }
  const bool is_gone = rpc.exchange.outcome == RpcExchange::Outcome::kGone;
  if (is_gone && rpc.exchange.method == context.profile.stop_rpc.method) {
    return true;
  }
  return MayGiveUp(context) && SomethingFailed(evidence, context) &&
         (!is_gone || GaveUpCleanly(evidence, context.fault_free));
}

}  // namespace faultline
