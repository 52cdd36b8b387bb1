#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"
#include "harness/store/records.h"
#include "harness/sweep/sweep_plan.h"

// Proof from below: a function that fails because something below it fails can only be made to fail
// when one of these failures makes it so. SPDK's spdk_thread_send_msg returns -ENOMEM by its
// prototype, but since d5fbc0b14a it aborts itself: what a caller does with -ENOMEM then is
// nobody's concern. So a finding at such a derived point needs a leaf or state point below that
// very call whose failure is seen to come out of the function as its failure, with the same finding
// behind it. All here is pure; proof_runs.h makes the runs.
namespace faultline {

// A leaf or state site that a derived call goes through.
struct PlaceBelow {
  StoredSite site;
  std::string symbol;  // of the function that is made to fail there: "calloc"
  // The way from the derived function to it, "POINT MODULE+OFFSET ...": two calls of that function
  // that fail here fail alike, up to what the function makes of it.
  std::string way;
};

// The sites of `census` inside the call at `derived`, whose point is `point`: their stacks are its
// stack with frames of the function and its callees in front. Those most likely to come out of the
// function as its failure first: near ones before far ones, what the environment refuses before
// what the target's state decides.
std::vector<PlaceBelow> PlacesBelow(const StoredSite& derived, const FaultPoint& point,
                                    const std::vector<StoredSite>& census,
                                    const Catalogue& catalogue);

// True for a plan that makes a call of a derived point fail.
bool NeedsProof(const SweepPlan& plan, const Catalogue& catalogue);

// `plan` with the place below failing instead of the call at plan.site, in `mode` (kTransient or
// kPersistent); of a pair the second failure.
SweepPlan PlanBelow(const SweepPlan& plan, const StoredSite& below, SweepMode mode);

// What a run in which a place below was made to fail showed.
struct ProofAttempt {
  enum class End {
    kNotReached,     // the place was not reached inside the call
    kAborted,        // the process aborted before the function returned
    kNeverReturned,  // it ended otherwise, or hung, before the function returned
    kSucceeded,      // the function returned, but not its failure
    kFailed,         // the function returned its failure
  };
  End end = End::kNotReached;
  bool shows = false;     // the finding came
  bool is_clean = false;  // no finding came

  bool proves() const { return end == End::kFailed && shows; }
};

// `derived` is the failed site of the finding. `run` is the judged run, `returns` and `exit` are of
// its evidence.
ProofAttempt ReadAttempt(const StoredSite& derived, const FindingGroup& finding,
                         const StoredRun& run, const std::vector<WatchedReturn>& returns,
                         const ExitStatus& exit);

// What attempts that prove nothing say, one for each place that was tried: the best it came to.
struct Refutation {
  StoredProof proof;  // kMissing, with the reason
  // No failure below was seen to come out of the function, and all were tried: no call there can
  // fail in this build.
  bool never_fails = false;
};
Refutation Refute(const std::string& function, const std::vector<ProofAttempt>& tried,
                  size_t places);

// "proven from below: calloc in X < Y"
StoredProof ProofBy(const PlaceBelow& place);

}  // namespace faultline
