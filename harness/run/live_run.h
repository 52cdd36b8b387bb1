#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "harness/evidence/evidence.h"
#include "harness/run/at_call.h"
#include "harness/run/companions.h"
#include "harness/run/executor.h"
#include "harness/run/failed_calls.h"
#include "harness/run/hooking.h"
#include "harness/run/progress.h"
#include "harness/run/ready_place.h"
#include "harness/run/sandbox.h"
#include "harness/target/event_loop.h"
#include "harness/target/json_rpc_client.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"

namespace faultline {

// How to start the target in its sandbox, with the agent in it.
SpawnOptions WithAgent(const Sandbox& sandbox, const RunRequest& request, const Hooking& hooking);

// A target that runs: its process, what it says, and the evidence so far. Steps act on it. One
// thread.
class LiveRun {
 public:
  enum class Wait { kMet, kExited, kTimedOut };

  // Starts the target. `loop` serves it, and whatever else the run waits for, until this object is
  // gone. All is borrowed and outlives this object.
  LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking, Companions& companions,
          EventLoop& loop);
  // With a target that is there already.
  LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking, Companions& companions,
          EventLoop& loop, Process process);
  ~LiveRun();
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  const RunRequest& request() const { return request_; }
  Sandbox& sandbox() { return sandbox_; }
  Hooking& hooking() { return hooking_; }
  Process& process() { return process_; }
  EventLoop& loop() { return loop_; }
  // Another target of the run that is there, by its name; nullptr when it is not, or never was.
  using Others = std::function<LiveRun*(const std::string& target)>;
  void SetOthers(Others others) { others_ = std::move(others); }
  LiveRun* Other(const std::string& target) const { return others_ ? others_(target) : nullptr; }
  LogWatch& log() { return log_; }
  Evidence& evidence() { return evidence_; }
  Companions& companions() { return companions_; }
  // A connection to the target's RPC socket, by its name; a new one when the last was closed.
  const std::shared_ptr<JsonRpcClient>& rpc(const std::string& name = "");
  bool DropRpc(const std::string& name = "");  // closes it; false when there is none

  // A request whose answer a later step asks for.
  struct Unanswered {
    std::shared_ptr<JsonRpcClient> client;  // although its connection may have been closed
    uint64_t id = 0;
    std::string method;
    nlohmann::json params;
    int64_t begin_ms = 0;
  };
  std::map<std::string, Unanswered>& unanswered() { return unanswered_; }  // by the step's name

  // The clients that it has, each once.
  std::set<std::shared_ptr<JsonRpcClient>> clients() const;
  // What the run of a forked target begins with; see Carrier.
  struct Carried {
    Evidence evidence;           // as it was when the step began that goes on
    bool asked_to_stop = false;  // by now
    int stop_signal = 0;         // see LiveRun::stop_signal
    const LogWatch* log = nullptr;
    std::set<std::string> sockets;  // inodes of its ends of its connections to the clients
    std::map<std::string, std::shared_ptr<JsonRpcClient>> rpcs;  // of the forked target
    std::map<std::string, Unanswered> unanswered;
  };
  void Resume(Carried carried);
  // From here on requests are sent again, see JsonRpcClient.
  void StopResuming();
  const std::map<std::string, std::shared_ptr<JsonRpcClient>>& rpcs() const { return rpcs_; }
  // It is that of a carrier (RunRequest::snapshot_control).
  bool is_carrier() const { return !request_.snapshot_control.empty(); }
  // A wait that was over in time is begun anew when `excuse` is true: the target was held.
  void SetExcuse(std::function<bool()> excuse) { excuse_ = std::move(excuse); }

  int64_t now_ms() const { return MsSince(process_.start_time()); }
  bool exited() const { return process_.exited(); }
  // Of a profile with `ready: {file: PATH}`: is a file there that the target, or a process that it
  // forked, has made or changed? One that an earlier life has left is not.
  bool HasReadyFile() const;

  // `step` is 1-based; the journal, the log and `evidence` know of it from here on. Calls that are
  // held until the step `name` go on.
  void BeginStep(int step, const std::string& name);
  int step() const { return step_; }  // the one going on; 0 before the first

  // Of a fault that this run leaves out (a fault-free run) nothing happens.
  void ArmIfPlanned(const std::string& fault);
  void DisarmIfPlanned(const std::string& fault);
  // Faults that were armed (true) or disarmed since the start, by id: the next life begins so.
  const std::map<std::string, bool>& switched() const { return switched_; }

  // Waits until `met`, which is asked after every event and at the limit, the target's exit, or
  // the time that `wait` gives (see Patience; for_what, limit_ms, most_ms and limit_is_own are
  // asked for, the rest is filled in). What the target said before it ended has been taken in when
  // this returns kExited, and `met` has been asked again.
  Wait WaitFor(const std::function<bool()>& met, WaitAccount& wait);
  // As WaitFor, for what comes about without an event: `met` is asked every few milliseconds too.
  // What the target does meanwhile extends nothing: `wait.limit_ms` is what it has.
  Wait PollFor(const std::function<bool()>& met, WaitAccount& wait);
  // Waits for the exit; false when it did not come in time.
  bool WaitForExit(WaitAccount& wait);
  bool WaitForExit(int64_t limit_ms);

  // Of a target that detaches, once it is ready: waits until the process that was started has
  // ended, and takes the one that it left for the target. kMet at once for any other.
  Wait AwaitDetached(WaitAccount& wait);

  // Does the target answer the request by which its profile knows that it is ready, to a client of
  // its own? False when the profile knows it otherwise. Takes up to the limit of an RPC.
  bool ServesAnotherClient();
  const FailedCalls& failed_calls() const { return failed_calls_; }

  // True when a fault has closed the RPC connection since the last call.
  bool TakeDropped() { return calls_.TakeDropped(); }
  // See AtCall.
  std::string HeldByFaults() const { return calls_.Holding(); }
  void ReleaseHeld() { calls_.Release(""); }
  void AwaitFaultRpcs() { calls_.AwaitAnswers(); }
  // A fault has asked the target to stop, by a signal or its profile's stop_rpc.
  bool StoppedByFault() const { return calls_.AskedToStop(); }

  // The target was asked to end, by a step or at the end: by `signal`, or in another way (0). The
  // first call counts.
  void NoteStopSignal(int signal = 0);
  bool stop_signal_sent() const { return stop_sent_ms_.has_value(); }
  int64_t stop_sent_ms() const { return stop_sent_ms_.value_or(0); }
  // The signal by which it was asked; 0 = none was sent, or it was asked more than once.
  int stop_signal() const { return stop_signal_; }
  // How far log and journal had come by now.
  struct Mark {
    size_t lines = 0;      // LogWatch::line_count
    uint64_t records = 0;  // JournalFile::RecordCount
  };
  Mark MarkNow();
  const Mark& stop_mark() const { return stop_mark_; }  // when it was asked to end

  // How long the target may take to stop. A sanitizer writes its report first, and reads the debug
  // information for it.
  int64_t stop_limit_ms() const;

  // Takes the stacks of all threads of a target that outlived a limit; the first call counts.
  void CaptureHang(const std::string& why);
  const std::optional<StackSnapshot>& hang() const { return hang_; }
  // What was taken for a hang was none; its stacks remain.
  void ForgetHang();
  const std::optional<StackSnapshot>& no_hang() const { return no_hang_; }

 private:
  struct Started {
    std::optional<FileMark> before_ready;
    Process process;
  };
  LiveRun(const RunRequest& request, Sandbox& sandbox, Hooking& hooking, Companions& companions,
          EventLoop& loop, Started started);
  void TakeTarget();  // another process may have become the target
  bool IsPlanned(const std::string& fault) const;
  bool IsExcused() const { return excuse_ && excuse_(); }
  void TakeIn();

  const RunRequest& request_;
  Sandbox& sandbox_;
  Hooking& hooking_;
  Companions& companions_;
  EventLoop& loop_;
  Others others_;
  std::function<bool()> excuse_;
  std::map<std::string, std::shared_ptr<JsonRpcClient>> rpcs_;  // by name
  std::map<std::string, Unanswered> unanswered_;
  Process process_;
  LogWatch log_;
  AtCall calls_;
  ProgressMeter progress_;
  FailedCalls failed_calls_;
  Evidence evidence_;
  int step_ = 0;
  std::map<std::string, bool> switched_;
  std::optional<int64_t> stop_sent_ms_;
  int stop_signal_ = 0;
  Mark stop_mark_;
  std::optional<StackSnapshot> hang_;
  std::optional<StackSnapshot> no_hang_;  // that turned out to be none
  bool detached_ = false;
  pid_t pid_ = 0;                         // of the target, as it is known to others
  std::optional<FileMark> before_ready_;  // at the path of `ready: {file: PATH}`, before the start
};

}  // namespace faultline
