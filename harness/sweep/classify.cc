#include "harness/sweep/classify.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/oracle/before_fault.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/expected_end.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/silent_failure.h"
#include "harness/oracle/unwinding.h"
#include "harness/sweep/evidence_json.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr char kNotReached[] = "not reached";
constexpr char kTolerated[] = "tolerated";
constexpr std::string_view kCrash = "crash";

bool NothingFails(const SweepPlan& plan) {
  return std::none_of(plan.faults.begin(), plan.faults.end(),
                      [](const Fault& fault) { return fault.action == Fault::Action::kFail; });
}

// A target that is asked to stop in the middle of its start may leave all further steps undone, as
// may one whose client has gone, and what is not reached is an outcome of a sweep, not a finding.
bool IsNoFinding(const Finding& finding, const SweepPlan& plan, const Evidence& evidence) {
  if (finding.kind != kExpectation) {
    return false;
  }
  const bool about_fault =
      std::any_of(plan.faults.begin(), plan.faults.end(),
                  [&](const Fault& fault) { return fault.id == finding.object; });
  return about_fault || (NothingFails(plan) && !evidence.injections.empty());
}

// "later" and "again" need not come: nothing but the first failure has to be reached.
bool IsReached(const SweepPlan& plan, const Evidence& evidence) {
  const auto missed = [&](const std::string& id) {
    return std::find(evidence.faults_not_reached.begin(), evidence.faults_not_reached.end(), id) !=
           evidence.faults_not_reached.end();
  };
  return std::none_of(plan.faults.begin(), plan.faults.end(),
                      [&](const Fault& fault) { return fault.after.empty() && missed(fault.id); });
}

std::string OutcomeOf(const SweepPlan& plan, const Evidence& evidence,
                      const std::vector<Finding>& findings, const FaultFreeRun& fault_free) {
  const bool is_broken = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.kind != kEndsByDesign;
  });
  if (is_broken) {
    return "finding";
  }
  if (!IsReached(plan, evidence)) {
    return kNotReached;
  }
  if (SlowWait(evidence) != nullptr) {
    return "slow";
  }
  return GaveUpCleanly(evidence, &fault_free) ? "clean error" : kTolerated;
}

// See RunResult::failed_by_itself.
std::string FailureOfItsOwn(const Evidence& evidence) {
  const auto failed =
      std::find_if(evidence.steps.begin(), evidence.steps.end(), [](const StepResult& step) {
        return step.status == StepResult::Status::kUnmet ||
               step.status == StepResult::Status::kTargetGone;
      });
  if (!evidence.injections.empty() || failed == evidence.steps.end()) {
    return "";
  }
  return fmt::format("the target gave up before anything was made to fail: {}{}", failed->detail,
                     evidence.log.empty() ? "" : "; it said: " + evidence.log.back().text);
}

// The same of a run in which a call was made to fail behind a step that had failed already: it says
// nothing of that call.
std::string FailureBefore(const std::vector<Finding>& findings, const Evidence& evidence) {
  const auto before = std::ranges::find_if(
      findings, [&](const Finding& finding) { return CameBeforeFault(finding, evidence); });
  if (before == findings.end()) {
    return "";
  }
  return fmt::format("{}, before anything was made to fail{}{}", before->title,
                     before->details.empty() ? "" : ": ",
                     before->details.empty() ? "" : before->details.front());
}

// What ListSilentFunctions (tools/silent_list.h) reads.
void AddSilentFailure(nlohmann::json& told, const Evidence& evidence, const SweepContext& context) {
  const std::optional<SilentFailure> silent = FindSilentFailure(
      evidence, {context.scenario, context.profile, context.catalogue, &context.fault_free});
  if (silent) {
    told["silent"] = {{"function", silent->function},
                      {"place", silent->place},
                      {"point", silent->point},
                      {"lacking", silent->lacking_request},
                      {"tried_again", silent->tried_again}};
  }
}

StoredFinding ToStored(const Finding& finding) {
  StoredFinding stored;
  stored.signature = finding.signature;
  stored.kind = finding.kind;
  stored.title = finding.title;
  stored.object = finding.object;
  stored.step = finding.step;
  stored.cause = finding.cause;
  stored.details = CompactText(finding.details);
  stored.stack = CompactText(StackToJson(finding.stack));
  return stored;
}

bool ReachedMain(const Evidence& evidence) {
  const auto& records = evidence.journal.records;
  return std::any_of(records.begin(), records.end(), [](const protocol::JournalRecord& record) {
    return record.kind == protocol::JournalRecord::kMainEntered;
  });
}

StoredRun RecordOf(const SweepPlan& plan, const SweepContext& context) {
  StoredRun run;
  run.key = plan.key;
  run.mode = ModeName(plan.mode);
  run.site = plan.site.hash;
  run.first_site = plan.first_site;
  run.shard = context.shard;
  return run;
}

// What it would have released, or said, after that nobody knows.
bool WasCutOff(const Evidence& evidence, const SweepContext& context) {
  return evidence.asked_to_stop && evidence.exit.kind == ExitStatus::Kind::kSignaled &&
         !DiedOfSentSignal(
             evidence, {context.scenario, context.profile, context.catalogue, &context.fault_free});
}

Decision Retry(Timeout timeout, bool alone, int retries) {
  return {Decision::Kind::kRetry, timeout, alone, retries};
}

}  // namespace

bool RunResult::Shows(const std::string& signature) const {
  return std::any_of(run.findings.begin(), run.findings.end(),
                     [&](const StoredFinding& finding) { return finding.signature == signature; });
}

RunResult DescribeRun(const SweepContext& context, const QueueRequest& request,
                      const Evidence& evidence, std::vector<Finding> findings) {
  RunResult result;
  result.timeout = request.timeout;
  result.alone = request.alone;
  if (request.plan != nullptr) {
    const SweepPlan& plan = *request.plan;
    std::erase_if(findings,
                  [&](const Finding& finding) { return IsNoFinding(finding, plan, evidence); });
    result.run = RecordOf(plan, context);
    result.run.outcome = OutcomeOf(plan, evidence, findings, context.fault_free);
    result.failed_by_itself = result.run.outcome == kNotReached ? FailureOfItsOwn(evidence)
                                                                : FailureBefore(findings, evidence);
    const OracleContext judged_by{context.scenario, context.profile, context.catalogue,
                                  &context.fault_free};
    if (evidence.exit.kind == ExitStatus::Kind::kExited && !evidence.injections.empty() &&
        !HasUnwound(evidence, judged_by)) {
      result.run.note = kLeaksNotJudged;
    }
  }
  result.run.exit = evidence.exit.ToString();
  result.run.duration_ms = evidence.total_ms;
  nlohmann::json told = EvidenceToJson(evidence, /*in_full=*/!findings.empty());
  if (result.run.outcome == kTolerated) {
    AddSilentFailure(told, evidence, context);
  }
  result.run.evidence = CompactText(told);
  for (const Finding& finding : findings) {
    result.run.findings.push_back(ToStored(finding));
  }
  result.asked_to_stop = evidence.asked_to_stop;
  result.cut_off = WasCutOff(evidence, context);
  result.hung = TimedOut(evidence);
  result.starved = TimedOutStarved(evidence);
  result.before_main_crash =
      evidence.exit.kind == ExitStatus::Kind::kSignaled && !ReachedMain(evidence);
  return result;
}

bool SignalMayDecide(const RunResult& run, std::string_view kind, bool is_shown) {
  return run.cut_off && !(is_shown && kind == kCrash);
}

StoredRun AlikeRun(const SweepPlan& plan, const std::string& stands_for,
                   const SweepContext& context) {
  StoredRun run = RecordOf(plan, context);
  run.outcome = "alike";
  run.alike = stands_for;
  run.evidence = "{}";
  return run;
}

Decision Classify(const RunResult& result, const QueueRequest& request) {
  if (result.failure || !result.failed_by_itself.empty()) {
    return request.retries > 0 ? Retry(Timeout::kFull, /*alone=*/true, request.retries - 1)
                               : Decision{Decision::Kind::kNoVerdict};
  }
  if (!result.hung) {
    return {};
  }
  const HangProof proof = request.proof_of ? request.proof_of(result) : HangProof::kNone;
  if (request.timeout == Timeout::kBrief && proof == HangProof::kNone) {
    return Retry(Timeout::kFull, request.alone, request.retries);
  }
  if (!result.starved || proof == HangProof::kAlone) {
    return {};
  }
  return request.alone ? Decision{Decision::Kind::kTooBusy}
                       : Retry(Timeout::kFull, /*alone=*/true, request.retries);
}

}  // namespace faultline
