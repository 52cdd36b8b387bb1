#include "harness/sweep/proof_runs.h"

#include <algorithm>

namespace faultline {
namespace {

using End = ProofAttempt::End;

class Prover {
 public:
  Prover(const SweepPlan& plan, const FindingGroup& finding, ProofKnowledge& knowledge,
         const ProofRunner& run)
      : plan_(plan), finding_(finding), knowledge_(knowledge), run_(run) {}

  std::optional<ProofOutcome> Prove() {
    const FaultPoint* point = knowledge_.catalogue().FindPoint(plan_.site.point);
    places_ = PlacesBelow(plan_.site, *point, knowledge_.census(), knowledge_.catalogue());
    const size_t all = places_.size();
    places_.resize(std::min(all, kMostProofPlaces));
    attempts_.resize(places_.size());
    const bool persists = plan_.mode == SweepMode::kPersistent;
    if (TryAll(persists ? SweepMode::kPersistent : SweepMode::kTransient) ||
        TryAll(persists ? SweepMode::kTransient : SweepMode::kPersistent)) {
      return std::move(outcome_);
    }
    const Refutation refutation = Refute(point->symbols.front(), attempts_, all);
    if (refutation.never_fails) {
      knowledge_.AddImpossible(plan_.site, refutation.proof);
    }
    return ProofOutcome{refutation.proof, {}};
  }

 private:
  // Does another mode promise anything where an attempt ended so?
  static bool IsOpen(End end) { return end == End::kSucceeded || end == End::kFailed; }

  // True when a place proves the finding, or no run can be made any more.
  bool TryAll(SweepMode mode) {
    for (size_t i = 0; i < places_.size(); ++i) {
      if (is_second_ && !IsOpen(attempts_[i].end)) {
        continue;
      }
      if (runs_ == kMostProofRuns) {
        return false;
      }
      if (Try(i, mode)) {
        return true;
      }
    }
    is_second_ = true;
    return false;
  }

  bool Try(size_t index, SweepMode mode) {
    ++runs_;
    const SweepPlan lower = PlanBelow(plan_, places_[index].site, mode);
    const std::optional<ProofRun> made = run_(lower, plan_.site.point);
    if (!made) {
      return true;
    }
    const ProofAttempt attempt =
        ReadAttempt(plan_.site, finding_, made->run, made->returns, made->exit);
    if (attempt.proves()) {
      outcome_ = {ProofBy(places_[index]), lower};
      return true;
    }
    // The one that says more stands for the place.
    if (!is_second_ || attempt.end > attempts_[index].end ||
        (attempt.end == attempts_[index].end && !attempt.is_clean)) {
      attempts_[index] = attempt;
    }
    return false;
  }

  const SweepPlan& plan_;
  const FindingGroup& finding_;
  ProofKnowledge& knowledge_;
  const ProofRunner& run_;
  std::vector<PlaceBelow> places_;
  std::vector<ProofAttempt> attempts_;  // of each place
  int runs_ = 0;
  bool is_second_ = false;               // another mode was tried before
  std::optional<ProofOutcome> outcome_;  // nothing: no more runs could be made
};

}  // namespace

std::optional<StoredProof> ProofKnowledge::FindImpossible(const std::string& site) const {
  const std::lock_guard lock(mutex_);
  const auto found = impossible_.find(site);
  return found == impossible_.end() ? std::nullopt : std::make_optional(found->second);
}

void ProofKnowledge::AddImpossible(const StoredSite& site, const StoredProof& proof) {
  const std::lock_guard lock(mutex_);
  impossible_[site.hash] = proof;
}

std::map<std::string, std::string> ProofKnowledge::Impossible() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> sites;
  for (const auto& [site, proof] : impossible_) {
    sites[site] = proof.text;
  }
  return sites;
}

std::optional<ProofOutcome> ProveFromBelow(const SweepPlan& plan, const FindingGroup& finding,
                                           ProofKnowledge& knowledge, const ProofRunner& run) {
  if (const auto known = knowledge.FindImpossible(plan.site.hash)) {
    return ProofOutcome{*known, {}};
  }
  return Prover(plan, finding, knowledge, run).Prove();
}

}  // namespace faultline
