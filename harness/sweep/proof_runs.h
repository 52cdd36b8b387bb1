#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
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

// What is known below derived calls, and what was learnt of them. Thread-safe.
class ProofKnowledge {
 public:
  // `catalogue` has all points, `census` the sites of leaf and state points. Borrowed: catalogue.
  ProofKnowledge(const Catalogue& catalogue, std::vector<StoredSite> census)
      : catalogue_(catalogue), census_(std::move(census)) {}

  const Catalogue& catalogue() const { return catalogue_; }
  const std::vector<StoredSite>& census() const { return census_; }

  // Of a call that nothing makes fail the reason.
  std::optional<StoredProof> FindImpossible(const std::string& site) const;
  void AddImpossible(const StoredSite& site, const StoredProof& proof);
  // All that was added, by site.
  std::map<std::string, std::string> Impossible() const;

 private:
  const Catalogue& catalogue_;
  const std::vector<StoredSite> census_;
  mutable std::mutex mutex_;
  std::map<std::string, StoredProof> impossible_;  // by hash of the derived site
};

// Runs at most for one finding. Each place is tried once in the plan's mode; those whose failure
// came out of the function without the finding, or was coped with inside, also in the other.
inline constexpr int kMostProofRuns = 12;
inline constexpr size_t kMostProofPlaces = 8;

struct ProofOutcome {
  StoredProof proof;
  SweepPlan plan;  // of a proven one: the failure below that shows the finding
};

// Looks for a failure below that brings about `finding`, which `plan` shows and whose call is of a
// derived point. Nothing when the runs that were made do not tell: no more could
// be made.
std::optional<ProofOutcome> ProveFromBelow(const SweepPlan& plan, const FindingGroup& finding,
                                           ProofKnowledge& knowledge, const ProofRunner& run);

}  // namespace faultline
