#include "harness/sweep/visit.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/run/patience.h"
#include "harness/sweep/evidence_json.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr char kNotReached[] = "not reached";

// CPU time of the calling thread: the supervision and the judging of its run.
int64_t ThreadCpuUs() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto us = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

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
                      const std::vector<Finding>& findings) {
  if (!findings.empty()) {
    return "finding";
  }
  if (!IsReached(plan, evidence)) {
    return kNotReached;
  }
  return GaveUpCleanly(evidence) ? "clean error" : "tolerated";
}

// See Visit::failed_by_itself.
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

StoredFinding ToStored(const Finding& finding) {
  StoredFinding stored;
  stored.signature = finding.signature;
  stored.kind = finding.kind;
  stored.title = finding.title;
  stored.object = finding.object;
  stored.step = finding.step;
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

bool HasHung(const Evidence& evidence) {
  return evidence.exit.kind == ExitStatus::Kind::kKilledByUs ||
         std::any_of(evidence.steps.begin(), evidence.steps.end(), [](const StepResult& step) {
           return step.status == StepResult::Status::kTimedOut;
         });
}

// True when a wait may have ended before the target had its time.
bool WasStarved(const Evidence& evidence) {
  return Patience::WasSpent(evidence.stop_ms, evidence.stop_limit_ms) ||
         std::any_of(evidence.steps.begin(), evidence.steps.end(), [](const StepResult& step) {
           return step.status == StepResult::Status::kTimedOut &&
                  Patience::WasSpent(step.duration_ms, step.limit_ms);
         });
}

RunRequest MakeRequest(const SweepContext& context, const Scenario& scenario,
                       const LimitsMs& limits_ms) {
  RunRequest request{scenario, context.profile, context.catalogue};
  request.program = context.program;
  request.agent = context.agent;
  request.faults = scenario.faults;
  request.limits_ms = limits_ms;
  request.record_sites = context.find_new_sites;
  request.run_root = context.run_root;
  request.cache_dir = context.cache_dir;
  return request;
}

std::vector<StoredSite> NewSites(const SweepContext& context, const SweepPlan& plan,
                                 const Evidence& evidence) {
  std::vector<StoredSite> fresh;
  if (!context.find_new_sites || plan.mode != SweepMode::kTransient) {
    return fresh;
  }
  Symbolizer symbolizer;
  for (StoredSite& site : ListSites(evidence, context.catalogue, context.nested, symbolizer)) {
    if (site.nested_in.empty() && !context.known_sites.contains(site.hash)) {
      site.calls = 0;
      site.seen_after = plan.site.hash;
      fresh.push_back(std::move(site));
    }
  }
  return fresh;
}

StoredRun Describe(const SweepPlan& plan, const SweepContext& context) {
  StoredRun run;
  run.key = plan.key;
  run.mode = ModeName(plan.mode);
  run.site = plan.site.hash;
  run.first_site = plan.first_site;
  run.shard = context.shard;
  return run;
}

}  // namespace

Visit VisitPlan(const SweepContext& context, const Scenario& template_scenario,
                const SweepPlan& plan, const LimitsMs& limits_ms, Executor& executor) {
  const int64_t cpu_before = ThreadCpuUs();
  Scenario scenario = template_scenario;
  scenario.faults = plan.faults;
  scenario.tolerance = Tolerance::kMayFailCleanly;
  const Evidence evidence = executor.Execute(MakeRequest(context, scenario, limits_ms));
  std::vector<Finding> findings =
      Judge(evidence, {scenario, context.profile, context.catalogue, &context.fault_free});
  std::erase_if(findings,
                [&](const Finding& finding) { return IsNoFinding(finding, plan, evidence); });

  Visit visit;
  visit.run = Describe(plan, context);
  visit.run.outcome = OutcomeOf(plan, evidence, findings);
  if (visit.run.outcome == kNotReached) {
    visit.failed_by_itself = FailureOfItsOwn(evidence);
  }
  visit.run.exit = evidence.exit.ToString();
  visit.run.duration_ms = evidence.total_ms;
  visit.run.evidence = CompactText(EvidenceToJson(evidence, /*in_full=*/!findings.empty()));
  for (const Finding& finding : findings) {
    visit.run.findings.push_back(ToStored(finding));
  }
  visit.new_sites = NewSites(context, plan, evidence);
  visit.hung = HasHung(evidence);
  visit.starved = visit.hung && WasStarved(evidence);
  visit.before_main_crash =
      evidence.exit.kind == ExitStatus::Kind::kSignaled && !ReachedMain(evidence);
  visit.run.harness_cpu_us = ThreadCpuUs() - cpu_before;
  return visit;
}

bool WorksWithoutFaults(const SweepContext& context, const Scenario& scenario, Executor& executor) {
  Scenario faultless = scenario;
  faultless.faults.clear();
  const Evidence evidence = executor.Execute(MakeRequest(context, faultless, context.limits_ms));
  // What the whole scenario makes is no measure for one with fewer steps.
  return Judge(evidence, {faultless, context.profile, context.catalogue, nullptr}).empty();
}

StoredRun AlikeRun(const SweepPlan& plan, const std::string& stands_for,
                   const SweepContext& context) {
  StoredRun run = Describe(plan, context);
  run.outcome = "alike";
  run.alike = stands_for;
  run.evidence = "{}";
  return run;
}

}  // namespace faultline
