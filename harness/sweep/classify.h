#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/sweep/queue_request.h"

// What a run shows, and whether it may be believed. Nothing here waits, locks or touches a file.
namespace faultline {

// The result of a run of `request` that left `evidence`, in which the oracles saw `findings`.
RunResult DescribeRun(const SweepContext& context, const QueueRequest& request,
                      const Evidence& evidence, std::vector<Finding> findings);

// Whether the stop signal may have decided that `run` shows a finding of `kind`, or does not: the
// target was backing out by itself when it came, and died of it. Such a run cannot show what is
// only seen of a target that ends (leaks), and shows in its stead what that end would explain. The
// crash itself is not doubted here.
bool SignalMayDecide(const RunResult& run, std::string_view kind, bool is_shown);

// The record of a run that was not made: `plan` is taken to do as the run `stands_for` did.
StoredRun AlikeRun(const SweepPlan& plan, const std::string& stands_for,
                   const SweepContext& context);

struct Decision {
  enum class Kind { kBelieve, kRetry, kNoVerdict, kTooBusy };
  Kind kind = Kind::kBelieve;
  // Of a retry:
  Timeout timeout = Timeout::kFull;
  bool alone = false;
  int retries = 0;
};

// What to make of `result`, which came of `request`:
// - a run that was not made, or whose target gave up before any fault, is tried again, alone;
// - a hang within brief timeouts counts only when it is known; else it is tried with full ones;
// - a hang of a target that did not get its time counts only when an alone run has proven it at
//   this fault point; else it is tried alone, and when it did not get its time even then, the
//   machine is too busy to judge it.
Decision Classify(const RunResult& result, const QueueRequest& request);

}  // namespace faultline
