#include "harness/sweep/early_proofs.h"

#include <utility>

#include "harness/sweep/prove_finding.h"

namespace faultline {
namespace {

// So many findings of a point are proven before others of it are visited: when these did not tell
// whether its function can fail, more of them hardly do.
constexpr int kMostAnswers = 3;

FindingGroup GroupOfFinding(const StoredFinding& finding) {
  FindingGroup group;
  group.id = FindingId(finding.signature);
  group.signature = finding.signature;
  group.kind = finding.kind;
  group.title = finding.title;
  group.cause = finding.cause;
  return group;
}

}  // namespace

// What lies below the second call of a pair is another question for each first one.
bool EarlyProofs::IsAbout(const SweepPlan& plan) const {
  return plan.mode != SweepMode::kPair && NeedsProof(plan, context_.all_points) &&
         !knowledge_.WasSeenToFail(plan.site.point);
}

void EarlyProofs::TimedOut(const SweepPlan& plan) {
  if (IsAbout(plan)) {
    questions_[plan.site.point].timed_out.insert(plan.key);
  }
}

void EarlyProofs::Ended(const SweepPlan& plan, const std::vector<StoredFinding>& findings) {
  if (!IsAbout(plan)) {
    return;
  }
  Question& question = questions_[plan.site.point];
  question.timed_out.erase(plan.key);
  if (!findings.empty() && question.open + question.answered < kMostAnswers &&
      !knowledge_.FindImpossible(plan.site.hash)) {
    ++question.open;
    wanted_.push_back({&plan, findings.front()});
  }
}

bool EarlyProofs::IsHeldBack(const SweepPlan& plan) const {
  const auto found = questions_.find(plan.site.point);
  return found != questions_.end() && IsAbout(plan) && found->second.answered < kMostAnswers &&
         (found->second.open > 0 || !found->second.timed_out.empty());
}

RunQueue::Task EarlyProofs::Next() {
  if (wanted_.empty() || takes_census_) {
    return {};
  }
  Wanted wanted = std::move(wanted_.front());
  wanted_.pop_front();
  return [this, wanted = std::move(wanted)](RunQueue::Runner& runner) { Prove(wanted, runner); };
}

void EarlyProofs::Prove(const Wanted& wanted, RunQueue::Runner& runner) {
  const SweepPlan& plan = *wanted.plan;
  if (!knowledge_.has_census()) {
    takes_census_ = true;
    TakeCensusBelow(context_, knowledge_, runner);
    takes_census_ = false;
  }
  if (knowledge_.has_census() && IsAbout(plan)) {
    const Scenario scenario = UpToStep(context_.scenario, wanted.finding.step);
    const FindingGroup group = GroupOfFinding(wanted.finding);
    ProveFinding(context_, scenario, plan, group, knowledge_, runner);
  }
  Question& question = questions_[plan.site.point];
  --question.open;
  ++question.answered;
  learnt_.insert(plan.site.point);
}

}  // namespace faultline
