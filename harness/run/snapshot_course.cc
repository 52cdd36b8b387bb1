#include "harness/run/snapshot_course.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "harness/base/failure.h"
#include "harness/run/companions.h"
#include "harness/run/leftovers.h"
#include "harness/run/snapshot_control.h"
#include "harness/run/snapshot_steps.h"
#include "harness/run/steps.h"
#include "harness/run/stop.h"

namespace faultline {
namespace {

// Ends the thread of a course.
struct Ended {};

}  // namespace

CarrierCourse::CarrierCourse(const RunRequest& request, Sandbox& sandbox, Hooking& hooking,
                             const protocol::SnapshotControl* control)
    : request_(request),
      sandbox_(sandbox),
      hooking_(hooking),
      control_(control),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) {
    throw Failure::FromErrno("eventfd", errno);
  }
  thread_ = std::thread([this] { Live(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_ || over_; });
  if (error_) {
    lock.unlock();
    thread_.join();
    std::rethrow_exception(error_);
  }
}

CarrierCourse::~CarrierCourse() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    Wake();
    thread_.join();
  }
}

void CarrierCourse::Wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
}

// What goes wrong in the course of a carrier is no evidence: nothing can be forked any more.
void CarrierCourse::Live() {
  try {
    EventLoop loop;
    loop.Add(wake_.get(), [this] { OnWake(); });
    Companions none(request_, sandbox_);
    Leftovers leftovers;  // of a target that is killed where it stands
    LiveRun run(request_, sandbox_, hooking_, none, loop);
    leftovers.Watch(request_.profile.leftovers, sandbox_.variables());
    run.SetExcuse([this] { return WasParked(); });
    run_ = &run;
    pid_ = run.process().pid();
    {
      const std::lock_guard lock(mutex_);
      started_ = true;
      changed_.notify_all();
    }
    try {
      DoSteps(run);
    } catch (const Ended&) {
    } catch (...) {
      // It is over.
    }
    // The end of the run would be the end of all that has its id: of its children.
    std::unique_lock lock(mutex_);
    over_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ending_; });
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    over_ = true;
    changed_.notify_all();
  }
}

void CarrierCourse::DoSteps(LiveRun& run) {
  StepRunner runner(run);
  RolledBack rolled_back(run, runner);
  const std::vector<Step>& steps = request_.scenario.steps;
  bool failed = false;
  for (size_t i = 0; i < steps.size() && !failed; ++i) {
    const int index = static_cast<int>(i) + 1;
    run.BeginStep(index, steps[i].name);
    DoneStep done = DoStep(run, runner, rolled_back, steps[i], index, /*goes_on=*/false,
                           [&] { NoteMoment(run, i, runner, rolled_back); });
    failed = done.stops_the_rest;
    run.evidence().steps.push_back(std::move(done.result));
  }
  if (!failed) {
    NoteMoment(run, steps.size(), runner, rolled_back);
    StopTarget(run);
  }
}

void CarrierCourse::NoteMoment(LiveRun& run, size_t step, const StepRunner& steps,
                               const RolledBack& state) {
  const std::vector<Step>& all = request_.scenario.steps;
  moment_.step = step;
  moment_.by_command = step < all.size() ? std::holds_alternative<CommandStep>(all[step].action)
                                         : request_.profile.stop.kind == StopAction::Kind::kRun;
  moment_.steps = steps.memory();
  moment_.rolled_back = state.memory();
  moment_.evidence = run.evidence();
  moment_.unanswered = run.unanswered();
  moment_.last_ids.clear();
  for (const std::shared_ptr<JsonRpcClient>& client : run.clients()) {
    moment_.last_ids[client.get()] = client->last_id();
  }
}

// Since it was last asked.
bool CarrierCourse::WasParked() {
  if (control_ == nullptr) {
    return false;
  }
  const uint32_t answers = control_->answers.load();
  return std::exchange(seen_answers_, answers) != answers ||
         control_->state.load() != protocol::CarrierState::kRuns;
}

void CarrierCourse::OnWake() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof(count));
  std::unique_lock lock(mutex_);
  held_ = wanted_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !wanted_ || ending_; });
  held_ = false;
  if (ending_) {
    throw Ended{};
  }
}

CarrierCourse::Hold::Hold(CarrierCourse& course) : course_(course) {
  std::unique_lock lock(course.mutex_);
  course.wanted_ = true;
  course.Wake();
  course.changed_.wait(lock, [&] { return course.held_ || course.over_; });
  if (course.over_) {
    course.wanted_ = false;
    throw CannotCarry("the carrier has ended");
  }
}

CarrierCourse::Hold::~Hold() {
  const std::lock_guard lock(course_.mutex_);
  course_.wanted_ = false;
  course_.changed_.notify_all();
}

}  // namespace faultline
