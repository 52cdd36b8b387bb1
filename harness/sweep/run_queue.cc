#include "harness/sweep/run_queue.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "harness/base/failure.h"
#include "harness/sweep/classify.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

// How much longer than usual a slow run takes, but never less than this; and over how many runs the
// mean goes.
constexpr int kSlowFactor = 3;
constexpr auto kLeastSlow = 1s;
constexpr int kMeanOver = 8;

// Less than half a CPU is no place for a run.
constexpr double kIdleEnough = 0.5;

// Tasks that wait to run alone have a thread each. When there are so many, they go first.
constexpr size_t kMostActive = 200;

constexpr char kHungOnce[] = "timed out once, while other runs went on, and not alone";

}  // namespace

RunQueue::RunQueue(const SweepContext& context, Workers& workers, int jobs, const Budget& budget)
    : context_(context),
      workers_(workers),
      jobs_(jobs),
      spending_(budget),
      spare_(jobs, workers.UsableCpus()) {}

RunResult RunQueue::Runner::Run(QueueRequest request) {
  Active& active = queue_.Get(task_);
  active.request = std::move(request);
  active.tried.reset();
  active.coroutine->Pause();
  return std::exchange(active.result, {});
}

void RunQueue::RunOne(const Task& task) {
  bool is_taken = false;
  RunAll([&] { return std::exchange(is_taken, true) ? Task() : task; });
}

void RunQueue::RunAll(const std::function<Task()>& next) {
  next_ = &next;
  is_dry_ = false;
  forks_ = false;
  spare_.Close();
  StartAll();
  while (running_ > 0) {
    if (std::optional<Workers::Done> done = workers_.Wait(look_again_)) {
      Finish(std::move(*done));
    }
    StartAll();
  }
  next_ = nullptr;
  if (error_) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void RunQueue::StartAll() {
  look_again_ = Clock::time_point::max();
  while (Active* active = NextToStart()) {
    Start(*active);
  }
  if (stopped_) {
    CancelReady();
  }
}

RunQueue::Active* RunQueue::NextToStart() {
  while (!stopped_) {
    const bool any_left = !is_dry_ || FirstReady(/*alone=*/false) != nullptr;
    Active* active = any_left && HasRoom() ? FirstReadyOrNew() : nullptr;
    if (active == nullptr && running_ == 0) {
      active = FirstReady(/*alone=*/true);
    }
    if (active == nullptr) {
      return nullptr;
    }
    const QueueRequest& request = active->request;
    if (active->tried &&
        Classify(active->result, *active->tried).kind == Decision::Kind::kBelieve) {
      Continue(*active, RunResult::Status::kMade);  // others have proven it meanwhile
    } else if (active->tried ? spending_.HasTime(request.purpose, request.expected, Pace())
                             : spending_.Allows(request.purpose, request.expected, Pace())) {
      return active;
    } else {
      Continue(*active, RunResult::Status::kNoBudget);
    }
  }
  return nullptr;
}

// Earlier tasks first; of those that wait to be alone in order of label, since which of them proves
// something for the others must not depend on who was slow.
RunQueue::Active* RunQueue::FirstReady(bool alone) {
  Active* first = nullptr;
  for (auto& [id, active] : active_) {
    if (!active.is_running && active.request.alone == alone &&
        (first == nullptr || (alone && active.request.label() < first->request.label()))) {
      first = &active;
    }
  }
  return first;
}

RunQueue::Active* RunQueue::FirstReadyOrNew() {
  for (;;) {
    Active* const ready = FirstReady(/*alone=*/false);
    if (ready != nullptr || is_dry_ || stopped_ || active_.size() >= kMostActive) {
      return ready;
    }
    try {
      const Task task = (*next_)();
      if (!task) {
        is_dry_ = true;
        return nullptr;
      }
      Begin(task);
    } catch (...) {
      Fail(std::current_exception());
    }
  }
}

bool RunQueue::HasRoom() {
  if (alone_) {
    return false;
  }
  if (running_ < jobs_ + spare_.runs()) {
    return true;
  }
  if (forks_) {
    return HasSpareRoom();
  }
  if (running_ >= 2 * jobs_) {
    return false;
  }
  const Clock::time_point now = workers_.Now();
  int fast = 0;
  for (const auto& [id, active] : active_) {
    if (active.is_running && active.since + SlowAfter() > now) {
      ++fast;
      look_again_ = std::min(look_again_, active.since + SlowAfter());
    }
  }
  if (fast >= jobs_) {
    return false;
  }
  const std::optional<double> idle = workers_.MeasureIdleCpus();
  if (idle && *idle >= kIdleEnough) {
    return true;
  }
  look_again_ = std::min<Clock::time_point>(look_again_, now + IdleCpus::kShortest);
  return false;
}

// Of all the places there are none is free.
bool RunQueue::HasSpareRoom() {
  if (const std::optional<double> idle = workers_.MeasureIdleCpus()) {
    spare_.Adapt(*idle);
  }
  look_again_ = std::min<Clock::time_point>(look_again_, workers_.Now() + IdleCpus::kShortest);
  return running_ < jobs_ + spare_.runs();
}

void RunQueue::Begin(const Task& task) {
  const int id = ++last_id_;
  Active& active = active_[id];
  active.id = id;
  active.coroutine = std::make_unique<Coroutine>([this, task, id](Coroutine&) {
    Runner runner(*this, id);
    task(runner);
  });
  Continue(active, RunResult::Status::kMade);
}

// Resumes the task until it wants another run or ends.
void RunQueue::Continue(Active& active, RunResult::Status status) {
  is_dry_ = false;
  active.result.status = status;
  try {
    active.coroutine->Resume();
  } catch (...) {
    Fail(std::current_exception());
  }
  if (active.coroutine->done()) {
    active_.erase(active.id);
  }
}

void RunQueue::CancelReady() {
  const auto first_ready = [this] {
    return std::find_if(active_.begin(), active_.end(),
                        [](const auto& one) { return !one.second.is_running; });
  };
  for (auto ready = first_ready(); ready != active_.end(); ready = first_ready()) {
    Continue(ready->second, RunResult::Status::kCancelled);
  }
}

void RunQueue::Start(Active& active) {
  if (!active.tried) {
    spending_.CountRun(active.request.purpose);
  }
  active.is_running = true;
  active.tried = active.request;
  active.since = workers_.Now();
  alone_ = active.request.alone;
  ++running_;
  try {
    ReserveHugepages();
    workers_.Start(active.id, context_, *active.tried);
  } catch (...) {
    --running_;
    active.is_running = false;
    Fail(std::current_exception());
  }
}

void RunQueue::Finish(Workers::Done done) {
  Active& active = Get(done.id);
  --running_;
  alone_ = false;
  // A hang is no news about the machine.
  const Clock::duration took = std::min(workers_.Now() - active.since, SlowAfter());
  usual_ += (took - usual_) / kMeanOver;
  const bool hung_before = active.result.hung && active.result.starved;
  active.is_running = false;
  active.result = std::move(done.result);
  forks_ = active.result.from_snapshot;
  if (!forks_) {
    spare_.Close();
  }
  if (active.tried->alone && hung_before && !active.result.hung) {
    active.result.run.note = kHungOnce;
  }
  if (active.result.interrupted) {
    stopped_ = true;
    interrupted_ = active.result.interrupted;
    if (running_ > 0) {
      // Only one run gets to read a signal: the others need one of their own.
      ::kill(::getpid(), *interrupted_);
    }
  } else if (active.result.error) {
    Fail(active.result.error);
  } else {
    Settle(active);
  }
}

void RunQueue::Settle(Active& active) {
  const Decision decision = Classify(active.result, *active.tried);
  switch (decision.kind) {
    case Decision::Kind::kBelieve:
      Continue(active, RunResult::Status::kMade);
      break;
    case Decision::Kind::kRetry:
      active.request.timeout = decision.timeout;
      active.request.alone = decision.alone;
      active.request.retries = decision.retries;
      break;
    case Decision::Kind::kNoVerdict:
      if (active.result.why.empty()) {
        active.result.why = active.result.failed_by_itself;
      }
      // A scenario of the request's own is an experiment, as minimising makes them: that it fails
      // by itself is an answer, and says nothing about the plan.
      if (active.request.scenario == nullptr) {
        no_verdicts_.push_back(active.request.label() + ": " + active.result.why);
      }
      Continue(active, RunResult::Status::kNoVerdict);
      break;
    case Decision::Kind::kTooBusy:
      too_busy_.push_back(active.request.label());
      Continue(active, RunResult::Status::kTooBusy);
      break;
  }
}

void RunQueue::Fail(std::exception_ptr error) {
  error_ = error_ ? error_ : std::move(error);
  stopped_ = true;
}

RunQueue::Clock::duration RunQueue::SlowAfter() const {
  return std::max<Clock::duration>(kLeastSlow, kSlowFactor * usual_);
}

// As many jobs as the machine has hugepages for. Two runs that each looked for free ones could both
// count on the same.
void RunQueue::ReserveHugepages() {
  const int mb = context_.scenario.resources.HugepagesMb();
  if (mb == 0 || hugepages_ || jobs_ == 1) {
    return;  // a run alone reserves its own
  }
  while (jobs_ > 1 && !LackOfHugepages(mb * jobs_, /*mount=*/false).empty()) {
    --jobs_;
  }
  if (jobs_ > 1) {
    hugepages_.emplace(mb * jobs_);
  }
}

}  // namespace faultline
