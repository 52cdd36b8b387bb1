#include "harness/sweep/visits.h"

#include <algorithm>
#include <utility>

#include "harness/sweep/classify.h"
#include "harness/sweep/confirm.h"

namespace faultline {
namespace {

constexpr char kDiedBeforeMain[] = "died before main";

// What a run that timed out showed.
std::string KeyOf(const RunResult& result) {
  std::string key = result.run.mode;
  for (const StoredFinding& finding : result.run.findings) {
    key += "\n" + finding.signature;
  }
  return key;
}

// A step may time out without one.
bool HasHangFinding(const RunResult& result) {
  const std::vector<StoredFinding>& findings = result.run.findings;
  return std::any_of(findings.begin(), findings.end(),
                     [](const StoredFinding& finding) { return finding.kind == "hang"; });
}

// What stands for the other plans of the cause of `run`; "" when it does not.
std::string StandsFor(const StoredRun& run) {
  if (!run.alike.empty()) {
    return run.alike;
  }
  return run.note == kDiedBeforeMain ? run.key : "";
}

}  // namespace

HangProof KnownHangs::ProofOf(const RunResult& result, const std::string& point) const {
  const std::string key = KeyOf(result);
  if (alone_.contains({point, key})) {
    return HangProof::kAlone;
  }
  return HasHangFinding(result) && full_.contains(key) ? HangProof::kFull : HangProof::kNone;
}

void KnownHangs::Learn(const RunResult& result, const std::string& point) {
  if (!result.hung || result.starved || result.timeout == Timeout::kBrief) {
    return;
  }
  if (HasHangFinding(result)) {
    full_.insert(KeyOf(result));
  }
  if (result.alone) {
    alone_.insert({point, KeyOf(result)});
  }
}

Visits::Visits(const SweepContext& context, Store& store, RunQueue& queue, Progress progress)
    : context_(context), store_(store), queue_(queue), progress_(std::move(progress)) {
  for (const FindingGroup& group : store.Findings()) {
    (group.tries < kConfirmationRuns ? unconfirmed_ : confirmed_).insert(group.signature);
  }
}

void Visits::VisitAll(const std::vector<Batch>& batches) {
  size_t index = 0;
  queue_.RunAll([&]() -> RunQueue::Task {
    if (index == batches.size() || !queue_.MaySpend(QueueRequest::Purpose::kVisit)) {
      return {};
    }
    return
        [this, &batch = batches[index++]](RunQueue::Runner& runner) { VisitBatch(batch, runner); };
  });
  if (made_ == 0 && failure_) {
    std::rethrow_exception(failure_);
  }
}

void Visits::VisitBatch(const Batch& batch, RunQueue::Runner& runner) {
  std::string stands_for;
  for (const SweepPlan& plan : batch.plans) {
    StoredRun run;
    if (const auto known = store_.FindRun(plan.key)) {
      run = *known;
    } else if (!stands_for.empty()) {
      run = AlikeRun(plan, stands_for, context_);
      Keep(run, {});
    } else {
      const RunResult result = Visit(plan, runner);
      if (result.status == RunResult::Status::kCancelled ||
          result.status == RunResult::Status::kNoBudget) {
        return;
      }
      run = result.run;
    }
    stands_for = stands_for.empty() ? StandsFor(run) : stands_for;
  }
}

RunResult Visits::Visit(const SweepPlan& plan, RunQueue::Runner& runner) {
  QueueRequest request;
  request.plan = &plan;
  request.proof_of = [&](const RunResult& result) {
    return known_hangs_.ProofOf(result, plan.site.point);
  };
  RunResult result = runner.Run(request);
  if (result.made()) {
    known_hangs_.Learn(result, plan.site.point);
    if (!plan.cause.empty() && result.before_main_crash) {
      result.run.note = kDiedBeforeMain;
    }
    ++made_;
    Keep(result.run, result.new_sites);
  } else if (result.failure && made_ == 0) {
    failure_ = result.failure;
    queue_.Stop();
  }
  return result;
}

void Visits::Keep(const StoredRun& run, const std::vector<StoredSite>& new_sites) {
  store_.AddRun(run, new_sites);
  for (const StoredFinding& finding : run.findings) {
    if (!confirmed_.contains(finding.signature)) {
      unconfirmed_.insert(finding.signature);
    }
  }
  queue_.KeepForConfirming(kConfirmationRuns * static_cast<int64_t>(unconfirmed_.size()));
  progress_(run);
}

}  // namespace faultline
