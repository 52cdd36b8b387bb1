#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/sweep/budget.h"
#include "harness/sweep/coroutine.h"
#include "harness/sweep/queue_request.h"
#include "harness/sweep/spare_room.h"
#include "harness/sweep/spending.h"
#include "harness/sweep/workers.h"
#include "harness/target/machine.h"

// Which run goes when. The way of one plan:
//
// RunSweep (sweep.h) makes the plans and hands them to a producer: visits.h, then confirm.h. A
// producer gives the queue tasks, plain functions that ask for one run after another and are only
// resumed when the result is there; so they read as if nothing else went on, and need no locks. The
// queue takes the next task when it has room for a run and nothing else waits. A request says which
// plan in which scenario, within which timeouts, alone or not, and for what purpose. The queue
// takes it from the budget, waits for room (jobs, hugepages, an idle CPU where a slow run gives its
// place away) and gives it to the workers (workers.h), which execute and judge it on a thread of
// theirs. Classify (classify.h) says of the result whether it may be believed: if not, the same
// request goes again with full timeouts, or alone once nobody else wants to run. What is believed,
// or can't be made, goes back to the task, which puts it into the store and asks for the next run
// or ends. An interruption ends the runs that go on, and all tasks are told so.
namespace faultline {

class RunQueue {
 public:
  using Clock = Workers::Clock;

  // What a task asks for runs by.
  class Runner {
   public:
    // Returns when the result is there. RunResult::Status::kCancelled: the task has to return.
    RunResult Run(QueueRequest request);

   private:
    friend class RunQueue;
    Runner(RunQueue& queue, int task) : queue_(queue), task_(task) {}
    RunQueue& queue_;
    int task_;
  };
  using Task = std::function<void(Runner&)>;

  // At most `jobs` runs go on at a time, fewer when there are not hugepages for so many; these are
  // held from the first run on until the queue goes. A run that takes longer than SlowAfter() (it
  // most likely hangs, and waits for its timeout) gives its place away while a CPU is idle, up to
  // twice as many runs in all. Most targets poll, and a hung one that spins needs its CPU: beside
  // it nothing would be won. While runs come from snapshots there is SpareRoom. All is borrowed.
  RunQueue(const SweepContext& context, Workers& workers, int jobs, const Budget& budget);

  // Runs the tasks that `next` yields, until it yields an empty one while none goes on, or the
  // queue is stopped. An empty one means nothing for now: `next` is asked again whenever something
  // has happened. Earlier tasks go first. `next` and the tasks are called one at a time, on the
  // caller's behalf. Throws what a task or `next` throws, once no run goes on any more.
  void RunAll(const std::function<Task()>& next);
  // The same for one task.
  void RunOne(const Task& task);

  // See Spending.
  void BeginSpending() { spending_.Begin(workers_.Now()); }
  void KeepForConfirming(int64_t runs, Clock::duration alone = {}) { spending_.Keep(runs, alone); }
  bool MaySpend(QueueRequest::Purpose purpose) const {
    return spending_.Allows(purpose, {}, Pace());
  }
  int64_t runs() const { return spending_.runs(); }
  int64_t elapsed_ms() const { return spending_.ElapsedMs(workers_.Now()); }

  // Nothing is begun any more; tasks get kCancelled.
  void Stop() { stopped_ = true; }
  // The same when a signal has come to what is no run of the queue's.
  void StopFor(int signal) {
    stopped_ = true;
    interrupted_ = signal;
  }
  bool stopped() const { return stopped_; }
  std::optional<int> interrupted() const { return interrupted_; }

  // For how long runs usually take, where that is known before any was made.
  void ExpectDuration(Clock::duration usual) { usual_ = usual; }
  // From which duration on a run counts as slow now.
  Clock::duration SlowAfter() const;

  // Requests of which no run could be made, with the reason, and those that the machine was too
  // busy to judge.
  const std::vector<std::string>& no_verdicts() const { return no_verdicts_; }
  const std::vector<std::string>& too_busy() const { return too_busy_; }

 private:
  // A task that has begun, and the run it waits for.
  struct Active {
    int id = 0;
    bool is_running = false;            // else it waits for its turn
    QueueRequest request;               // as it is to be run next
    std::optional<QueueRequest> tried;  // as it was run last
    RunResult result;                   // of the last run
    Clock::time_point since;            // when it was begun
    std::unique_ptr<Coroutine> coroutine;
  };

  void Begin(const Task& task);
  void Continue(Active& active, RunResult::Status status);
  Active* NextToStart();
  Active* FirstReady(bool alone);
  Active* FirstReadyOrNew();
  bool HasRoom();
  bool HasSpareRoom();
  Spending::Pace Pace() const { return {workers_.Now(), usual_, jobs_}; }
  void Start(Active& active);
  void StartAll();
  void Finish(Workers::Done done);
  void Settle(Active& active);
  void CancelReady();
  void Fail(std::exception_ptr error);
  void ReserveHugepages();
  Active& Get(int id) { return active_.at(id); }

  const SweepContext& context_;
  Workers& workers_;
  int jobs_;
  std::optional<HugepageBudget> hugepages_;
  Spending spending_;
  Clock::duration usual_{};  // a mean of how long runs took, the last ones first
  const std::function<Task()>* next_ = nullptr;
  bool is_dry_ = false;           // next_ has nothing until something happens
  std::map<int, Active> active_;  // by id, the earlier first
  int last_id_ = 0;
  int running_ = 0;
  bool alone_ = false;  // the one that runs
  SpareRoom spare_;
  bool forks_ = false;  // the last run came from a snapshot
  Clock::time_point look_again_;
  bool stopped_ = false;
  std::optional<int> interrupted_;
  std::exception_ptr error_;
  std::vector<std::string> no_verdicts_;
  std::vector<std::string> too_busy_;
};

}  // namespace faultline
