#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/sweep/proof.h"

namespace faultline {

// A judged run, and what its evidence says of the watched point.
struct ProofRun {
  StoredRun run;
  std::vector<WatchedReturn> returns;
  ExitStatus exit;
};

// Makes a run of `plan` in which the returns of the point `watched` are observed. Nothing when no
// run can be made any more.
using ProofRunner =
    std::function<std::optional<ProofRun>(const SweepPlan& plan, const std::string& watched)>;

struct ProofOutcome {
  StoredProof proof;
  SweepPlan plan;            // of a proven one: the failure below that shows the finding
  bool never_fails = false;  // nothing below was seen to make the call fail, see Refutation
};

// What is known below derived calls, and what was learnt of them. For tasks of one queue, which are
// called one at a time.
class ProofKnowledge {
 public:
  // `catalogue` has all points; borrowed.
  explicit ProofKnowledge(const Catalogue& catalogue) : catalogue_(catalogue) {}

  const Catalogue& catalogue() const { return catalogue_; }
  // The sites of leaf and state points; none before they were set.
  bool has_census() const { return has_census_; }
  const std::vector<StoredSite>& census() const { return census_; }
  void SetCensus(std::vector<StoredSite> census);

  // Of a call that nothing makes fail the reason.
  std::optional<StoredProof> FindImpossible(const std::string& site) const;
  void AddImpossible(const StoredSite& site, const StoredProof& proof);
  // All that was added, by site, with the reason.
  std::map<std::string, std::string> Impossible() const;

  // What became of failures below the call at `site`, one for each of `places`, as far as they were
  // tried.
  void Learn(const StoredSite& site, const std::vector<PlaceBelow>& places,
             const std::vector<ProofAttempt>& attempts);
  // Some call of the derived `point` was seen to return its failure.
  bool WasSeenToFail(const std::string& point) const;
  // The reason why the call at `site` fails as little as those of its point that were tried: these
  // went the same ways inside the function. That it aborts there need be seen once, all else at two
  // calls. Nothing when some call of the point was seen to fail, or a way was not yet tried.
  std::optional<StoredProof> ImpossibleAsOthers(const StoredSite& site) const;

  // What came of a search with the first `steps` of the scenario.
  const ProofOutcome* FindOutcome(const SweepPlan& plan, const std::string& signature,
                                  size_t steps) const;
  void AddOutcome(const SweepPlan& plan, const std::string& signature, size_t steps,
                  ProofOutcome outcome);

 private:
  struct Way {
    ProofAttempt::End end = ProofAttempt::End::kNotReached;  // the best it came to
    std::set<std::string> sites;                             // at which it was tried
  };
  struct Point {
    bool was_seen_to_fail = false;
    bool has_call_without_places = false;
    std::map<std::string, Way> ways;
  };

  const Catalogue& catalogue_;
  bool has_census_ = false;
  std::vector<StoredSite> census_;
  std::map<std::string, StoredProof> impossible_;  // by hash of the derived site
  std::map<std::string, Point> points_;            // by name
  std::map<std::tuple<std::string, std::string, size_t>, ProofOutcome> outcomes_;
};

// Runs at most for one finding. Each place is tried once in the plan's mode; those whose failure
// came out of the function without the finding, or was coped with inside, also in the other.
inline constexpr int kMostProofRuns = 12;
inline constexpr size_t kMostProofPlaces = 8;

// Looks for a failure below that brings about `finding`, which `plan` shows and whose call is of a
// derived point. Nothing when the runs that were made do not tell: no more could be made.
std::optional<ProofOutcome> ProveFromBelow(const SweepPlan& plan, const FindingGroup& finding,
                                           ProofKnowledge& knowledge, const ProofRunner& run);

}  // namespace faultline
