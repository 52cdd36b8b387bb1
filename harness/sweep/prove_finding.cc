#include "harness/sweep/prove_finding.h"

#include <utility>

#include "harness/sweep/same_cause.h"
#include "harness/sweep/site_list.h"

namespace faultline {
namespace {

// A run of `plan` in `scenario` for a proof of `finding`; all is borrowed.
QueueRequest RequestFor(const SweepContext& context, const Scenario& scenario,
                        const SweepPlan& plan, const FindingGroup& finding) {
  QueueRequest request;
  request.purpose = QueueRequest::Purpose::kConfirm;
  request.scenario = &scenario;
  request.plan = &plan;
  request.catalogue = &context.all_points;
  request.proof_of = [&finding](const RunResult& hung) {
    return ShowsSameCause(hung.run, finding.signature, finding.cause) ? HangProof::kFull
                                                                      : HangProof::kNone;
  };
  return request;
}

// The leaf and state sites of a run in which the first failure of the pair `plan` happens.
std::optional<std::vector<StoredSite>> CensusAfterFirst(const SweepContext& context,
                                                        const Scenario& scenario,
                                                        const SweepPlan& plan,
                                                        const FindingGroup& finding,
                                                        RunQueue::Runner& runner) {
  SweepPlan first = plan;
  first.faults.resize(1);
  Catalogue points = context.all_points;
  std::erase_if(points.points, [&](const FaultPoint& point) {
    return point.kind == FaultPoint::Kind::kDerived && point.name != first.faults[0].point;
  });
  QueueRequest request = RequestFor(context, scenario, first, finding);
  request.timeout = Timeout::kFull;
  request.catalogue = &points;
  request.record_sites = true;
  request.keep_evidence = true;
  const RunResult result = runner.Run(request);
  if (!result.made() || !result.evidence) {
    return std::nullopt;
  }
  Symbolizer symbolizer;
  return ListSitesOfLives(*result.evidence, context.scenario.subject, context.life, points,
                          Nested::kAll, symbolizer);
}

std::optional<ProofOutcome> Search(const SweepContext& context, const Scenario& scenario,
                                   const SweepPlan& plan, const FindingGroup& finding,
                                   ProofKnowledge& knowledge, RunQueue::Runner& runner) {
  const ProofRunner run = [&](const SweepPlan& lower,
                              const std::string& watched) -> std::optional<ProofRun> {
    QueueRequest request = RequestFor(context, scenario, lower, finding);
    request.watch_returns = {watched};
    RunResult result = runner.Run(request);
    if (!result.made()) {
      return std::nullopt;
    }
    return ProofRun{std::move(result.run), std::move(result.returns), result.exit};
  };
  if (plan.mode != SweepMode::kPair) {
    return ProveFromBelow(plan, finding, knowledge, run);
  }
  std::optional<std::vector<StoredSite>> census =
      CensusAfterFirst(context, scenario, plan, finding, runner);
  if (!census) {
    return std::nullopt;
  }
  ProofKnowledge after_first(context.all_points);
  after_first.SetCensus(std::move(*census));
  return ProveFromBelow(plan, finding, after_first, run);
}

}  // namespace

bool TakeCensusBelow(const SweepContext& context, ProofKnowledge& knowledge,
                     RunQueue::Runner& runner) {
  Catalogue below = context.all_points;
  std::erase_if(below.points,
                [](const FaultPoint& point) { return point.kind == FaultPoint::Kind::kDerived; });
  QueueRequest request;
  request.purpose = QueueRequest::Purpose::kCensus;
  request.timeout = Timeout::kUpper;
  request.record_sites = true;
  request.catalogue = &below;
  request.keep_evidence = true;
  const RunResult result = runner.Run(request);
  if (result.failure) {
    std::rethrow_exception(result.failure);
  }
  if (!result.evidence) {
    return false;
  }
  Symbolizer symbolizer;
  knowledge.SetCensus(ListSitesOfLives(*result.evidence, context.scenario.subject, context.life,
                                       below, Nested::kAll, symbolizer));
  return true;
}

Scenario UpToStep(const Scenario& scenario, int64_t step) {
  Scenario shorter = scenario;
  if (step > 0 && static_cast<size_t>(step) < shorter.steps.size()) {
    shorter.steps.resize(static_cast<size_t>(step));
  }
  return shorter;
}

std::optional<ProofOutcome> ProveFinding(const SweepContext& context, const Scenario& scenario,
                                         const SweepPlan& plan, const FindingGroup& finding,
                                         ProofKnowledge& knowledge, RunQueue::Runner& runner) {
  const size_t steps = scenario.steps.size();
  if (const ProofOutcome* known = knowledge.FindOutcome(plan, finding.signature, steps)) {
    return *known;
  }
  std::optional<ProofOutcome> outcome = Search(context, scenario, plan, finding, knowledge, runner);
  if (outcome) {
    knowledge.AddOutcome(plan, finding.signature, steps, *outcome);
  }
  return outcome;
}

}  // namespace faultline
