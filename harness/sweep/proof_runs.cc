#include "harness/sweep/proof_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
    knowledge_.Learn(plan_.site, places_, attempts_);
    const Refutation refutation = Refute(point->symbols.front(), attempts_, all);
    if (refutation.never_fails) {
      knowledge_.AddImpossible(plan_.site, refutation.proof);
    }
    return ProofOutcome{refutation.proof, {}, refutation.never_fails};
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
      attempts_[index] = attempt;
      knowledge_.Learn(plan_.site, places_, attempts_);
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

void ProofKnowledge::SetCensus(std::vector<StoredSite> census) {
  census_ = std::move(census);
  has_census_ = true;
}

std::optional<StoredProof> ProofKnowledge::FindImpossible(const std::string& site) const {
  const auto found = impossible_.find(site);
  return found == impossible_.end() ? std::nullopt : std::make_optional(found->second);
}

void ProofKnowledge::AddImpossible(const StoredSite& site, const StoredProof& proof) {
  impossible_[site.hash] = proof;
}

std::map<std::string, std::string> ProofKnowledge::Impossible() const {
  std::map<std::string, std::string> sites;
  for (const auto& [site, proof] : impossible_) {
    sites[site] = proof.text;
  }
  return sites;
}

void ProofKnowledge::Learn(const StoredSite& site, const std::vector<PlaceBelow>& places,
                           const std::vector<ProofAttempt>& attempts) {
  Point& point = points_[site.point];
  point.has_call_without_places |= places.empty();
  for (size_t i = 0; i < places.size(); ++i) {
    Way& way = point.ways[places[i].way];
    way.end = std::max(way.end, attempts[i].end);
    if (attempts[i].end != End::kNotReached) {
      way.sites.insert(site.hash);
    }
    point.was_seen_to_fail |= attempts[i].end == End::kFailed;
  }
}

bool ProofKnowledge::WasSeenToFail(const std::string& point) const {
  const auto found = points_.find(point);
  return found != points_.end() && found->second.was_seen_to_fail;
}

std::optional<StoredProof> ProofKnowledge::ImpossibleAsOthers(const StoredSite& site) const {
  const FaultPoint* point = catalogue_.FindPoint(site.point);
  const auto known = points_.find(site.point);
  if (point == nullptr || known == points_.end() || known->second.was_seen_to_fail) {
    return std::nullopt;
  }
  std::vector<ProofAttempt> attempts;
  for (const PlaceBelow& place : PlacesBelow(site, *point, census_, catalogue_)) {
    const auto way = known->second.ways.find(place.way);
    if (way == known->second.ways.end()) {
      return std::nullopt;
    }
    const size_t needed = way->second.end == End::kAborted ? 1 : 2;
    if (way->second.sites.size() < needed) {
      return std::nullopt;
    }
    attempts.push_back({way->second.end, false, false});
  }
  if (attempts.empty() && !known->second.has_call_without_places) {
    return std::nullopt;
  }
  StoredProof proof = Refute(point->symbols.front(), attempts, attempts.size()).proof;
  proof.text += attempts.empty() ? "" : ", as was seen at another call";
  return proof;
}

const ProofOutcome* ProofKnowledge::FindOutcome(const SweepPlan& plan, const std::string& signature,
                                                size_t steps) const {
  const auto found = outcomes_.find({plan.key, signature, steps});
  return found == outcomes_.end() ? nullptr : &found->second;
}

void ProofKnowledge::AddOutcome(const SweepPlan& plan, const std::string& signature, size_t steps,
                                ProofOutcome outcome) {
  outcomes_[{plan.key, signature, steps}] = std::move(outcome);
}

std::optional<ProofOutcome> ProveFromBelow(const SweepPlan& plan, const FindingGroup& finding,
                                           ProofKnowledge& knowledge, const ProofRunner& run) {
  if (const auto known = knowledge.FindImpossible(plan.site.hash)) {
    return ProofOutcome{*known, {}, /*never_fails=*/true};
  }
  return Prover(plan, finding, knowledge, run).Prove();
}

}  // namespace faultline
