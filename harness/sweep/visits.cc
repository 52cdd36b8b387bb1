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

Visits::Visits(const SweepContext& context, Store& store, RunQueue& queue,
               ProofKnowledge* knowledge, SnapshotCheck& check, VisitProgress progress)
    : context_(context),
      store_(store),
      queue_(queue),
      knowledge_(knowledge),
      check_(check),
      progress_(std::move(progress)),
      cost_(context) {
  if (knowledge != nullptr) {
    early_.emplace(context, *knowledge);
  }
  for (const FindingGroup& group : store.Findings()) {
    if (!NeedsConfirming(group)) {
      cost_.LeaveOut(group.signature);
    }
  }
}

void Visits::Add(const std::vector<Batch>& batches) {
  for (const Batch& batch : batches) {
    pending_.push_back(&batch);
  }
}

void Visits::Visit() {
  queue_.RunAll([this] { return Next(); });
  if (made_ == 0 && failure_) {
    std::rethrow_exception(failure_);
  }
}

// A proof before all visits; of these the first that is not held back. When all are, some proof or
// visit goes on that decides about them.
RunQueue::Task Visits::Next() {
  if (early_) {
    LeaveOutImpossible();
    if (RunQueue::Task proof = early_->Next()) {
      return proof;
    }
  }
  if (!queue_.MaySpend(QueueRequest::Purpose::kVisit)) {
    return {};
  }
  const auto next = std::find_if(pending_.begin(), pending_.end(), [this](const Batch* batch) {
    return !early_ || !early_->IsHeldBack(batch->plans.front());
  });
  if (next == pending_.end()) {
    return {};
  }
  const Batch& batch = **next;
  pending_.erase(next);
  return [this, &batch](RunQueue::Runner& runner) { VisitBatch(batch, runner); };
}

// Of the points of which something was learnt.
void Visits::LeaveOutImpossible() {
  const std::set<std::string> points = early_->TakeLearnt();
  if (points.empty()) {
    return;
  }
  cost_.LeaveOutImpossible(*knowledge_);
  KeepShare();
  size_t plans = 0;
  pending_.remove_if([&](const Batch* batch) {
    const bool left_out =
        std::all_of(batch->plans.begin(), batch->plans.end(), [&](const SweepPlan& plan) {
          return points.contains(plan.site.point) && plan.mode != SweepMode::kPair &&
                 NeedsProof(plan, context_.all_points) && !store_.FindRun(plan.key) &&
                 IsLeftOut(plan);
        });
    plans += left_out ? batch->plans.size() : 0;
    return left_out;
  });
  if (plans > 0) {
    progress_.left_out(plans);
  }
}

bool Visits::IsLeftOut(const SweepPlan& plan) {
  if (knowledge_->FindImpossible(plan.site.hash)) {
    return true;
  }
  const std::optional<StoredProof> reason = knowledge_->ImpossibleAsOthers(plan.site);
  if (reason) {
    knowledge_->AddImpossible(plan.site, *reason);
  }
  return reason.has_value();
}

void Visits::VisitBatch(const Batch& batch, RunQueue::Runner& runner) {
  for (const SweepPlan& plan : batch.plans) {
    std::string of_its_own;
    std::string& stands_for = plan.cause.empty() ? of_its_own : stands_for_[plan.cause];
    StoredRun run;
    if (const auto known = store_.FindRun(plan.key)) {
      run = *known;
      if (early_) {
        early_->Ended(plan, run.findings);
      }
    } else if (!stands_for.empty()) {
      run = AlikeRun(plan, stands_for, context_);
      Keep(run, {});
    } else {
      const RunResult result = VisitPlan(plan, runner);
      if (result.status == RunResult::Status::kCancelled ||
          result.status == RunResult::Status::kNoBudget) {
        return;
      }
      run = result.run;
    }
    stands_for = stands_for.empty() ? StandsFor(run) : stands_for;
  }
}

RunResult Visits::VisitPlan(const SweepPlan& plan, RunQueue::Runner& runner) {
  QueueRequest request;
  request.plan = &plan;
  request.proof_of = [&](const RunResult& result) {
    if (early_) {
      early_->TimedOut(plan);
    }
    return known_hangs_.ProofOf(result, plan.site.point);
  };
  RunResult result = check_.Check(plan, runner.Run(request), runner);
  if (result.made()) {
    known_hangs_.Learn(result, plan.site.point);
    if (!plan.cause.empty() && result.before_main_crash) {
      result.run.note = kDiedBeforeMain;
    }
    ++made_;
    Keep(result.run, result.new_sites);
    cost_.Add(plan, result);
    KeepShare();
  } else if (result.failure && made_ == 0) {
    failure_ = result.failure;
    queue_.Stop();
  } else if (result.status != RunResult::Status::kCancelled &&
             result.status != RunResult::Status::kNoBudget) {
    progress_.left_out(1);  // no verdict: this command will not try it again
  }
  if (early_) {
    early_->Ended(plan, result.run.findings);
  }
  return result;
}

void Visits::Keep(const StoredRun& run, const std::vector<StoredSite>& new_sites) {
  store_.AddRun(run, new_sites);
  progress_.visited(run);
}

void Visits::ForgetCost() {
  cost_.Forget();
  KeepShare();
}

void Visits::KeepShare() { queue_.KeepForConfirming(cost_.runs(), cost_.alone()); }

}  // namespace faultline
