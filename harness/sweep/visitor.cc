#include "harness/sweep/visitor.h"

#include <algorithm>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

constexpr char kDiedBeforeMain[] = "died before main";
constexpr char kHungOnce[] = "outlived a limit once, while other runs went on, and not alone";

// What a run that outlived a limit showed, and where; runs that agree in it need only one proof.
std::string ProofKey(const SweepPlan& plan, const StoredRun& run) {
  std::string key = run.mode + " " + plan.site.point;
  for (const StoredFinding& finding : run.findings) {
    key += "\n" + finding.signature;
  }
  return key;
}

}  // namespace

bool Spending::TakeRun() {
  if (elapsed_ms() >= budget_.time_ms) {
    return false;
  }
  if (runs_.fetch_add(1) >= budget_.runs) {
    --runs_;
    return false;
  }
  return true;
}

int64_t Spending::elapsed_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Slots::Clock::now() - begin_)
      .count();
}

Visitor::Visitor(const SweepContext& context, Store& store, Slots& slots, Spending& spending,
                 ExecutorFactory make_executor, Progress progress)
    : context_(context),
      store_(store),
      slots_(slots),
      spending_(spending),
      make_executor_(std::move(make_executor)),
      progress_(std::move(progress)) {}

void Visitor::VisitAll(const std::vector<Batch>& batches) {
  ForEachInParallel(
      batches.size(), slots_.most_threads(), make_executor_,
      [&](size_t index, Executor& executor) { VisitBatch(batches[index], executor); });
  VisitDoubtful();
}

void Visitor::NoteCause(const StoredRun& run, std::string& stands_for) {
  if (!run.alike.empty()) {
    stands_for = run.alike;
  } else if (run.note == kDiedBeforeMain) {
    stands_for = run.key;
  }
}

void Visitor::Keep(const Visit& visit) {
  store_.AddRun(visit.run, visit.new_sites);
  const std::lock_guard lock(mutex_);
  ++made_;
  progress_(visit.run);
}

// Nothing when the run is to be made again later.
std::optional<Visit> Visitor::TryVisit(const SweepPlan& plan, Executor& executor) {
  Visit visit;
  try {
    visit = known_hangs_.LookAt(context_, plan, slots_, executor);
  } catch (const Interrupted&) {
    throw;
  } catch (const Failure&) {
    const std::lock_guard lock(mutex_);
    doubtful_.push_back({plan, {}, /*hung=*/false});
    return std::nullopt;
  }
  if (visit.starved || !visit.failed_by_itself.empty()) {
    const std::lock_guard lock(mutex_);
    doubtful_.push_back({plan, std::move(visit), /*hung=*/visit.starved});
    return std::nullopt;
  }
  if (!plan.cause.empty() && visit.before_main_crash) {
    visit.run.note = kDiedBeforeMain;
  }
  return visit;
}

void Visitor::VisitBatch(const Batch& batch, Executor& executor) {
  std::string stands_for;
  for (const SweepPlan& plan : batch.plans) {
    if (const auto known = store_.FindRun(plan.key)) {
      NoteCause(*known, stands_for);
      continue;
    }
    if (!stands_for.empty()) {
      Visit alike;
      alike.run = AlikeRun(plan, stands_for, context_);
      Keep(alike);
      continue;
    }
    if (!spending_.TakeRun()) {
      return;
    }
    if (const std::optional<Visit> visit = TryVisit(plan, executor)) {
      NoteCause(visit->run, stands_for);
      Keep(*visit);
    }
  }
}

void Visitor::VisitDoubtful() {
  // In order of key: who stands for whom must not depend on who was slow.
  std::sort(doubtful_.begin(), doubtful_.end(),
            [](const Doubtful& a, const Doubtful& b) { return a.plan.key < b.plan.key; });
  std::set<std::string> proven;
  const std::unique_ptr<Executor> executor = make_executor_();
  for (const Doubtful& doubtful : std::exchange(doubtful_, {})) {
    VisitAlone(doubtful, proven, *executor);
  }
}

void Visitor::VisitAlone(const Doubtful& doubtful, std::set<std::string>& proven,
                         Executor& executor) {
  if (doubtful.hung && proven.contains(ProofKey(doubtful.plan, doubtful.visit.run))) {
    Keep(doubtful.visit);
    return;
  }
  try {
    const Slots::Place place(slots_, /*alone=*/true);
    Visit again =
        VisitPlan(context_, context_.scenario, doubtful.plan, context_.limits_ms, executor);
    if (!again.failed_by_itself.empty()) {
      throw Failure::CannotWork(again.failed_by_itself);
    }
    if (again.hung) {
      proven.insert(ProofKey(doubtful.plan, again.run));
    } else if (doubtful.hung) {
      again.run.note = kHungOnce;
    }
    Keep(again);
  } catch (const Interrupted&) {
    throw;
  } catch (const Failure& failure) {
    if (made_ == 0) {
      throw;
    }
    no_verdicts_.push_back({doubtful.plan.key, failure.what()});
  }
}

}  // namespace faultline
