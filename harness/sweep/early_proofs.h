#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/sweep/proof_runs.h"
#include "harness/sweep/run_queue.h"

namespace faultline {

// While plans are visited: the first findings of a derived point are proven from below at once, and
// until it is known whether its function can fail at all, no more of its calls are visited. A
// function that aborts itself has callers that hang when they are told of a failure, each for as
// long as its timeout. To be used by the tasks of one queue.
class EarlyProofs {
 public:
  // Borrowed: both.
  EarlyProofs(const SweepContext& context, ProofKnowledge& knowledge)
      : context_(context), knowledge_(knowledge) {}

  // A visit of `plan` has timed out, and is not yet judged.
  void TimedOut(const SweepPlan& plan);
  // A visit has ended, with a result (and these findings) or without. `plan` is borrowed.
  void Ended(const SweepPlan& plan, const std::vector<StoredFinding>& findings);

  // `plan` is to be visited later.
  bool IsHeldBack(const SweepPlan& plan) const;
  // The next proof, which goes before visits; empty: none for now.
  RunQueue::Task Next();
  // Names of points of which something was learnt since the last call.
  std::set<std::string> TakeLearnt() { return std::exchange(learnt_, {}); }

 private:
  struct Wanted {
    const SweepPlan* plan;
    StoredFinding finding;
  };
  struct Question {
    std::set<std::string> timed_out;  // keys of plans
    int open = 0;                     // proofs that are wanted or go on
    int answered = 0;                 // proofs that have ended
  };

  bool IsAbout(const SweepPlan& plan) const;
  void Prove(const Wanted& wanted, RunQueue::Runner& runner);

  const SweepContext& context_;
  ProofKnowledge& knowledge_;
  std::map<std::string, Question> questions_;  // by point
  std::deque<Wanted> wanted_;
  bool takes_census_ = false;
  std::set<std::string> learnt_;
};

}  // namespace faultline
