#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "harness/base/unique_fd.h"
#include "harness/protocol/snapshot.h"
#include "harness/run/hooking.h"
#include "harness/run/live_run.h"
#include "harness/run/rolled_back.h"
#include "harness/run/sandbox.h"
#include "harness/run/step_runner.h"

namespace faultline {

// How far the scenario of a carrier has come: all that the rest of it depends on, as it was when
// the step began that goes on. What has happened in that step since is with the clients
// (JsonRpcClient's copies).
struct CourseMoment {
  size_t step = 0;          // index of the step; the number of steps: it is being stopped
  bool by_command = false;  // another process acts on the target in it
  StepRunner::Memory steps;
  RolledBack::Memory rolled_back;
  Evidence evidence;
  std::map<const JsonRpcClient*, uint64_t> last_ids;
  std::map<std::string, LiveRun::Unanswered> unanswered;
};

// The life of a carrier: starts its target and does the scenario's steps, then stops it, without
// faults, on a thread of its own. Thread-safe.
class CarrierCourse {
 public:
  // Returns when the target has been started. All is borrowed. Throws what starting it throws.
  // `control` is nullptr for a target that stops nowhere.
  CarrierCourse(const RunRequest& request, Sandbox& sandbox, Hooking& hooking,
                const protocol::SnapshotControl* control);
  ~CarrierCourse();  // ends the target
  CarrierCourse(const CarrierCourse&) = delete;
  CarrierCourse& operator=(const CarrierCourse&) = delete;

  pid_t pid() const { return pid_; }
  // The scenario is through, or went wrong.
  bool is_over() const { return over_; }

  // While it lives nothing of the course changes: its thread waits.
  class Hold {
   public:
    // CannotCarry when the course is over.
    explicit Hold(CarrierCourse& course);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    LiveRun& run() const { return *course_.run_; }
    const CourseMoment& moment() const { return course_.moment_; }

   private:
    CarrierCourse& course_;
  };

 private:
  void Live();
  void DoSteps(LiveRun& run);
  void NoteMoment(LiveRun& run, size_t step, const StepRunner& steps, const RolledBack& state);
  bool WasParked();
  void OnWake();
  void Wake() const;

  const RunRequest& request_;
  Sandbox& sandbox_;
  Hooking& hooking_;
  const protocol::SnapshotControl* control_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;  // this and what follows: guarded by mutex_
  bool wanted_ = false;  // to be held
  bool held_ = false;
  bool started_ = false;
  std::exception_ptr error_;  // of the start
  std::atomic<bool> over_ = false;
  std::atomic<pid_t> pid_ = 0;
  LiveRun* run_ = nullptr;  // the thread's, as long as it lives
  CourseMoment moment_;     // written by the thread when it is not held
  uint32_t seen_answers_ = 0;
  std::thread thread_;  // last: it uses all else
};

}  // namespace faultline
