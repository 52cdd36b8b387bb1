// How a Supervisor takes the stacks of all threads: halt them, walk, let them go on.
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/target/proc_status.h"
#include "harness/target/stack_walk.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

// A shared build of a large target has some 260 modules, whose tables are read in well under a
// second; a machine with nothing else to give gets some more.
constexpr int kCrashLimitMs = 5'000;
constexpr int kLookAgainMs = 20;
// How much longer than its limit a requested snapshot may take before nobody waits for it.
constexpr int kRequestSlackMs = 2'000;

// Of a thread that is stopped by `signal`.
std::optional<BadAccess> ReadBadAccess(pid_t tid, int signal) {
  siginfo_t info = {};
  if ((signal != SIGSEGV && signal != SIGBUS) ||
      ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0) {
    return std::nullopt;
  }
  using Reason = BadAccess::Reason;
  if (info.si_code <= 0) {
    return BadAccess{.reason = Reason::kSent};
  }
  const auto address = reinterpret_cast<uint64_t>(info.si_addr);
  if (signal == SIGSEGV && info.si_code == SEGV_MAPERR) {
    return BadAccess{Reason::kNotMapped, address};
  }
  if (signal == SIGSEGV && info.si_code == SEGV_ACCERR) {
    return BadAccess{Reason::kNotPermitted, address};
  }
  if (signal == SIGBUS && info.si_code == BUS_ADRERR) {
    return BadAccess{Reason::kNoPage, address};
  }
  return BadAccess{};
}

}  // namespace

StackSnapshot Supervisor::CaptureStacks(int limit_ms) {
  StackSnapshot none;
  std::unique_lock lock(mutex_);
  if (end_) {
    none.note = "no stacks: the target had already ended";
    return none;
  }
  if (!traced_) {
    none.note = trace_note_.empty() ? "no stacks: the target was not traced" : trace_note_;
    return none;
  }
  captured_.reset();
  capture_until_ = InMs(limit_ms);
  events_.Wake();
  if (!changed_.wait_until(lock, InMs(limit_ms + kRequestSlackMs),
                           [this] { return captured_.has_value(); })) {
    none.note = "no stacks: the target could not be halted in time";
    return none;
  }
  return *std::exchange(captured_, std::nullopt);
}

bool Supervisor::IsTargetsThread(pid_t tid) const {
  return access(("/proc/" + std::to_string(pid()) + "/task/" + std::to_string(tid)).c_str(),
                F_OK) == 0;
}

bool Supervisor::IsFatal(pid_t tid, int signal) const {
  return IsFatalSignal(signal) && IsTargetsThread(tid) && TakesDefaultAction(pid(), signal);
}

bool Supervisor::ExitsInHandler(pid_t tid) const {
  user_regs_struct registers = {};
  if (!IsTargetsThread(tid) || ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0 ||
      registers.orig_rax != SYS_exit_group) {
    return false;
  }
  std::string note;
  const std::vector<RawThreadStack> stacks = WalkStacks({tid}, InMs(kCrashLimitMs), note);
  // A frame that a signal interrupted has a program counter, no return address; so has the first.
  return std::any_of(stacks.begin(), stacks.end(), [](const RawThreadStack& stack) {
    return std::count_if(stack.frames.begin(), stack.frames.end(),
                         [](const RawFrame& frame) { return !frame.is_return_address; }) > 1;
  });
}

// Halts every thread of the target but those in `halted`; returns what each reported when it
// stopped, which is still to be handled.
std::map<pid_t, int> Supervisor::HaltAll(std::map<pid_t, int> halted, Deadline deadline) {
  std::set<pid_t> asked;
  halted.insert(waiting_.begin(), waiting_.end());  // they would not report once more
  while (true) {
    bool missing = false;
    for (const pid_t tid : ThreadIds(pid())) {
      // A main thread that has exited stays as a zombie until the others have, and never stops.
      if (halted.count(tid) != 0 || ReadProcStat(tid).state == 'Z') {
        continue;
      }
      missing = true;
      if (asked.insert(tid).second) {
        ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);  // fails only for one on its way out
      }
    }
    if (!missing || Clock::now() >= deadline) {
      return halted;
    }
    int status = 0;
    rusage usage = {};
    const pid_t tid = wait4(-1, &status, __WALL | __WNOTHREAD | WNOHANG, &usage);
    if (tid <= 0) {
      // Not for long: a main thread that exits just now reports nothing.
      events_.Wait(std::min(deadline, InMs(kLookAgainMs)));
    } else if (WIFSTOPPED(status) && IsTargetsThread(tid)) {
      halted[tid] = status;
    } else {
      Handle(tid, status, usage);
    }
  }
}

StackSnapshot Supervisor::TakeSnapshot(pid_t crashed, int signal,
                                       const std::map<pid_t, int>& halted,
                                       Deadline deadline) const {
  StackSnapshot snapshot;
  snapshot.signal = signal;
  snapshot.time_ms = MsSince(start_);
  std::vector<pid_t> tids;
  tids.reserve(halted.size());
  for (const auto& [tid, status] : halted) {
    tids.push_back(tid);
  }
  std::stable_partition(tids.begin(), tids.end(), [crashed](pid_t tid) { return tid == crashed; });
  snapshot.threads = WalkStacks(tids, deadline, snapshot.note);
  for (RawThreadStack& thread : snapshot.threads) {
    thread.crashed = thread.tid == crashed;
    thread.bad_access = thread.crashed ? ReadBadAccess(crashed, signal) : std::nullopt;
  }
  if (snapshot.note.empty()) {
    snapshot.note = crashed != 0 ? "taken when the signal was about to end the target"
                                 : "taken from the live target";
  }
  return snapshot;
}

void Supervisor::TakeCrashSnapshot(pid_t tid, int status) {
  const Deadline deadline = InMs(kCrashLimitMs);
  crash_.emplace();  // marks that it is being taken: another thread may crash meanwhile
  std::map<pid_t, int> halted = HaltAll({{tid, status}}, deadline);
  crash_ = TakeSnapshot(tid, WSTOPSIG(status), halted, deadline);
  halted.erase(tid);  // the caller lets it go on
  for (const auto& [other, other_status] : halted) {
    NoteThread(other);
    HandleStop(other, other_status);
  }
}

void Supervisor::TakeRequestedSnapshot(Deadline deadline) {
  const std::map<pid_t, int> halted = HaltAll({}, deadline);
  StackSnapshot snapshot = TakeSnapshot(0, 0, halted, deadline);
  for (const auto& [tid, status] : halted) {
    // From here on it is seen how it ends: by what woke it, if anything does.
    ptrace(PTRACE_SETOPTIONS, tid, nullptr, kTraceOptions | PTRACE_O_TRACEEXIT);
    looks_at_exits_ = true;
    NoteThread(tid);
    HandleStop(tid, status);
  }
  const std::lock_guard lock(mutex_);
  captured_ = std::move(snapshot);
  changed_.notify_all();
}

}  // namespace faultline
