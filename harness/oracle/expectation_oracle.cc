#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "harness/oracle/clean_failure.h"
#include "harness/oracle/expected_end.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/stop_command.h"

// `expectation`: the run did not go as the scenario says, and no other oracle knows why.
namespace faultline {
namespace {

using Status = StepResult::Status;

// Steps that wait for a target's life to go on are a matter of the hang oracle.
bool IsExpectationOnly(const StepResult& result, const Scenario& scenario) {
  return StepActionAs<ExpectLogStep>(scenario, result.index) != nullptr ||
         StepActionAs<CommandStep>(scenario, result.index) != nullptr ||
         StepActionAs<TerminalStep>(scenario, result.index) != nullptr ||
         StepActionAs<StartCompanionStep>(scenario, result.index) != nullptr;
}

// The scenario killed the target, and then waited for its end.
bool WaitsForOwnKill(const StepResult& result, const Evidence& evidence,
                     const OracleContext& context) {
  const auto* wait = StepActionAs<WaitExitStep>(context.scenario, result.index);
  return wait != nullptr && wait->expect_exit.empty() && result.status == Status::kUnmet &&
         EndedAsWritten(evidence, context);
}

std::string_view Word(Status status) {
  switch (status) {
    case Status::kTimedOut:
      return "ran into its limit";
    case Status::kTargetGone:
      return "found the target gone";
    default:
      return "did not end as written";
  }
}

// Does the scenario itself say with which code the target exits?
bool SaysExitCode(const Evidence& evidence, const Scenario& scenario) {
  return std::any_of(evidence.steps.begin(), evidence.steps.end(), [&](const StepResult& result) {
    const auto* wait = StepActionAs<WaitExitStep>(scenario, result.index);
    return wait != nullptr && !wait->expect_exit.empty() && result.status == Status::kDone;
  });
}

// All calls from another fault on may be none.
bool MayStayAway(const std::string& id, const Scenario& scenario) {
  return std::any_of(scenario.faults.begin(), scenario.faults.end(), [&](const Fault& fault) {
    return fault.id == id && !fault.after.empty() &&
           fault.last == std::numeric_limits<uint64_t>::max();
  });
}

bool StillFails(const Scenario& scenario) {
  return std::any_of(scenario.faults.begin(), scenario.faults.end(), [](const Fault& fault) {
    return fault.action == Fault::Action::kFail &&
           fault.last == std::numeric_limits<uint64_t>::max();
  });
}

class ExpectationOracle : public Oracle {
 public:
  std::string_view kind() const override { return kExpectation; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    std::vector<Finding> findings;
    JudgeSteps(evidence, context, findings);
    JudgeFaultRpcs(evidence, context, findings);
    JudgeFaultSteps(evidence, context, findings);
    JudgeCompanions(evidence, context, findings);
    JudgeStopCommand(evidence, context, findings);
    JudgeExit(evidence, context, findings);
    for (const std::string& fault : evidence.faults_not_reached) {
      if (MayStayAway(fault, context.scenario)) {
        continue;
      }
      Finding& finding = Add(findings, fmt::format("fault {} was never reached", fault));
      finding.object = fault;
      finding.details.push_back("a run in which the fault did not fire proves nothing about it");
    }
    return findings;
  }

  bool Explains(const Finding&, const Finding&, const Evidence&,
                const OracleContext&) const override {
    return false;
  }

 private:
  Finding& Add(std::vector<Finding>& findings, const std::string& title) const {
    Finding& finding = findings.emplace_back();
    finding.kind = kind();
    finding.title = title;
    finding.signature = MakeSignature(kind(), title, {});
    return finding;
  }

  void JudgeSteps(const Evidence& evidence, const OracleContext& context,
                  std::vector<Finding>& findings) const {
    for (const StepResult& result : evidence.steps) {
      if (&result == FailedStopCommand(evidence, context.scenario)) {
        continue;
      }
      const bool unmet =
          result.status == Status::kUnmet || result.status == Status::kTargetGone ||
          (result.status == Status::kTimedOut && IsExpectationOnly(result, context.scenario));
      const bool unasked = WasWellUnasked(result, evidence);
      const bool may_be =
          IsCleanFailure(result, evidence, context) || WaitsForOwnKill(result, evidence, context) ||
          (result.status == Status::kUnmet && DependsOnDropped(result, evidence, context.scenario));
      if (!unasked && (!unmet || may_be)) {
        continue;
      }
      Finding& finding =
          Add(findings,
              fmt::format("{} {}", StepText(result),
                          unasked ? "had no end: the target goes on, for nobody asked it to end"
                                  : Word(result.status)));
      finding.step = result.index;
      const Step* written = StepOf(result, context.scenario);
      if (written != nullptr && !written->name.empty() && !unasked) {
        // A name is the user's own word for what the step looks at: as it is, so that a baseline
        // tells the findings of several such steps apart.
        finding.signature =
            fmt::format("{}: step <n> ({}) {}", kind(), written->name, Word(result.status));
      }
      if (!result.detail.empty()) {
        finding.details.push_back(result.detail);
      }
      if (FailedToStart(result, evidence, context)) {
        finding.details.push_back(
            "nothing was made to fail: the target does not start in these surroundings, and what "
            "the scenario is about was not tried");
      }
      if (result.status == Status::kTargetGone) {
        finding.details.push_back("the target had ended: " + evidence.exit.ToString());
        return;  // what comes after it found it gone too
      }
    }
  }

  // Of the requests that faults sent; one without an answer is a hang.
  void JudgeFaultRpcs(const Evidence& evidence, const OracleContext& context,
                      std::vector<Finding>& findings) const {
    for (const FaultRpc& rpc : evidence.fault_rpcs) {
      if (rpc.unmet.empty() || rpc.exchange.outcome == RpcExchange::Outcome::kNoAnswer ||
          IsCleanFailure(rpc, evidence, context)) {
        continue;
      }
      Finding& finding = Add(findings, fmt::format("rpc {} of fault {} did not end as written",
                                                   rpc.exchange.method, rpc.fault));
      finding.object = rpc.fault;
      finding.step = rpc.exchange.step;
      finding.details.push_back(rpc.unmet);
    }
  }

  // Of the steps that were done at calls of the target.
  void JudgeFaultSteps(const Evidence& evidence, const OracleContext& context,
                       std::vector<Finding>& findings) const {
    for (const FaultStep& step : evidence.fault_steps) {
      const Status status = step.result.status;
      const bool as_written = status == Status::kDone || status == Status::kSkipped;
      if (as_written || (MayGiveUp(context) && SomethingFailed(evidence, context))) {
        continue;
      }
      Finding& finding = Add(findings, fmt::format("{} at the call of fault {} {}",
                                                   step.result.title, step.fault, Word(status)));
      finding.object = step.fault;
      finding.step = step.step;
      finding.details.push_back(step.result.detail);
    }
  }

  // A helper that dies may do so because the target failed it.
  void JudgeCompanions(const Evidence& evidence, const OracleContext& context,
                       std::vector<Finding>& findings) const {
    for (const LostCompanion& lost : evidence.lost_companions) {
      if (MayGiveUp(context) && SomethingFailed(evidence, context)) {
        continue;
      }
      Finding& finding = Add(findings, fmt::format("companion {} ended before it was stopped: {}",
                                                   lost.name, lost.exit.ToString()));
      finding.object = lost.name;
      finding.step = lost.step;
      if (!lost.said.empty()) {
        finding.details.push_back("it last said: " + lost.said);
      }
    }
  }

  // A target that ends at its signal does not hang: it is deaf to what was to end it. Where a call
  // goes on failing, perhaps the one that serves the command, it cannot help it.
  // `title` of the step is "the stop command", "the stop request" or "the stop text".
  void JudgeStopCommand(const Evidence& evidence, const OracleContext& context,
                        std::vector<Finding>& findings) const {
    const bool ended = evidence.exit.kind == ExitStatus::Kind::kExited ||
                       evidence.exit.kind == ExitStatus::Kind::kSignaled;
    const StepResult* failed = FailedStopCommand(evidence, context.scenario);
    if (failed == nullptr || !ended || StillFails(context.scenario)) {
      return;
    }
    constexpr std::string_view kThe = "the ";
    Finding& finding = Add(findings, "the target is deaf to its " +
                                         failed->title.substr(kThe.size()) + ", which fails");
    finding.step = StepOfEnd(evidence);
    finding.details.push_back(failed->detail + "; it was tried twice");
    finding.details.push_back("its stop signal then ended the target: " + evidence.exit.ToString());
  }

  void JudgeExit(const Evidence& evidence, const OracleContext& context,
                 std::vector<Finding>& findings) const {
    if (MayGiveUp(context) || SaysExitCode(evidence, context.scenario) ||
        EndedAsWritten(evidence, context)) {
      return;
    }
    if (!IsCleanEnd(evidence.exit, context.profile.clean)) {
      Finding& finding = Add(
          findings, fmt::format("the target did not end cleanly: {}", evidence.exit.ToString()));
      // The number is what this finding is about.
      finding.signature = fmt::format("{}: {}", kind(), finding.title);
      finding.step = StepOfEnd(evidence);
      if (DiedOfSentSignal(evidence, context)) {
        finding.details.push_back(
            fmt::format("it was asked to stop by that signal and has no handler for it, for which "
                        "the stop waits up to its limit; a program that ends so by design has "
                        "`clean_signals: [{}]` in its profile",
                        evidence.exit.ToString()));
      }
    }
  }
};

FAULTLINE_ORACLE(ExpectationOracle);

}  // namespace
}  // namespace faultline
