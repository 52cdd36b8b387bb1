#include "harness/run/snapshot_tracer.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "harness/run/snapshot_control.h"
#include "harness/run/snapshot_steps.h"
#include "harness/target/proc_status.h"
#include "harness/target/process_memory.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

using protocol::CarrierCommand;
using protocol::CarrierState;

constexpr int kWaitFlags = __WALL | __WNOTHREAD | WNOHANG;
constexpr int kReleaseLimitMs = 5'000;
constexpr timespec kLookAgain = {.tv_sec = 0, .tv_nsec = 20'000};

[[noreturn]] void Refuse(const std::string& why) { throw CannotCarry(why); }

}  // namespace

SnapshotTracer::SnapshotTracer(pid_t carrier, pid_t parked, protocol::SnapshotControl* control,
                               Deadline deadline)
    : carrier_(carrier), parked_(parked), control_(control), deadline_(deadline) {}

SnapshotTracer::~SnapshotTracer() {
  if (child_ != 0) {
    KillChild();
  }
  for (const pid_t tid : seized_) {
    const auto signal = signals_.find(tid);
    const auto number = static_cast<uintptr_t>(signal == signals_.end() ? 0 : signal->second);
    if (ptrace(PTRACE_DETACH, tid, nullptr, number) != 0 && errno == ESRCH) {
      // It runs: only a stopped tracee can be let go.
      ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
      int status = 0;
      while (waitpid(tid, &status, __WALL | __WNOTHREAD) < 0 && errno == EINTR) {
      }
      ptrace(PTRACE_DETACH, tid, nullptr, nullptr);
    }
  }
  if (still_) {
    GiveCommand(control_, CarrierCommand::kRelease);
    // Whoever comes next takes a parked thread for one that has come to the next call.
    const Deadline until = InMs(kReleaseLimitMs);
    for (CarrierState now = control_->state.load();
         now != CarrierState::kParked && !IsEnding(carrier_) && Clock::now() < until;
         now = control_->state.load()) {
      AwaitChange(control_, now);
    }
  }
}

void SnapshotTracer::KillChild() {
  constexpr int kLimitMs = 5'000;
  kill(child_, SIGKILL);
  // All its threads are tracees, and the main one is reported last.
  for (const Deadline until = InMs(kLimitMs); Clock::now() < until;) {
    for (const pid_t tid : child_threads_) {
      int status = 0;
      if (waitpid(tid, &status, kWaitFlags) == tid && tid == child_ && !WIFSTOPPED(status)) {
        return;
      }
    }
    nanosleep(&kLookAgain, nullptr);
  }
}

void SnapshotTracer::CheckAlive() {
  if (Clock::now() >= deadline_) {
    Refuse("it could not be stopped in time");
  }
}

void SnapshotTracer::Seize() {
  constexpr long kOptions = PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                            PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
  for (bool any_new = true; std::exchange(any_new, false);) {
    for (const pid_t tid : ThreadIds(carrier_)) {
      if (std::find(seized_.begin(), seized_.end(), tid) != seized_.end()) {
        continue;
      }
      if (ptrace(PTRACE_SEIZE, tid, nullptr, kOptions) != 0) {
        if (errno == ESRCH) {
          continue;  // it has ended
        }
        Refuse(fmt::format("ptrace of it is refused: {}", std::strerror(errno)));
      }
      seized_.push_back(tid);
      ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
      AwaitStop(tid);
      any_new = true;
    }
  }
}

int SnapshotTracer::AwaitStop(pid_t tid) {
  while (true) {
    int status = 0;
    const pid_t got = waitpid(tid, &status, kWaitFlags);
    if (got == tid) {
      if (!WIFSTOPPED(status)) {
        Refuse("a thread of it ended meanwhile");
      }
      if (status >> 16 != 0) {
        return status;
      }
      signals_[tid] = WSTOPSIG(status);  // given back when it is let go
      return status;
    }
    CheckAlive();
    nanosleep(&kLookAgain, nullptr);
  }
}

void SnapshotTracer::Halt() {
  // No other thread may be in the middle of the agent's heap.
  still_ = true;
  GiveCommand(control_, CarrierCommand::kHoldStill);
  Await(CarrierState::kStill);
  Seize();
  if (!signals_.empty()) {
    Refuse("a signal was about to be delivered to it");
  }
  for (const pid_t tid : seized_) {
    threads_.push_back(LookAtThread(tid));
    const user_regs_struct registers = RegistersOf(tid);
    // epoll_wait(2) and others are not made again by the kernel after a stop (signal(7)).
    if (WasInterrupted(registers) && static_cast<int64_t>(registers.rax) == -EINTR) {
      SetRegisters(tid, Again(registers));
    }
  }
  std::stable_partition(threads_.begin(), threads_.end(),
                        [this](const ThreadImage& one) { return one.tid == carrier_; });
  if (threads_.empty() || threads_.front().tid != carrier_) {
    Refuse("its main thread has ended");
  }
  FindTidAddresses(carrier_, threads_);
  AskForSignalStacks();
  ptrace(PTRACE_CONT, parked_, nullptr, nullptr);
}

// Only a thread itself can ask the kernel where its alternate signal stack is. The answer is
// written below the parked one's stack.
void SnapshotTracer::AskForSignalStacks() {
  constexpr uint64_t kBelow = 1024;  // beyond the red zone
  const uint64_t answer = (RegistersOf(parked_).rsp - kBelow) & ~uint64_t{15};
  for (ThreadImage& thread : threads_) {
    const user_regs_struct before = RegistersOf(thread.tid);
    user_regs_struct asks = before;
    asks.rip = control_->call_instruction;
    asks.rax = SYS_sigaltstack;
    asks.orig_rax = ~uint64_t{0};
    asks.rdi = 0;
    asks.rsi = answer;
    SetRegisters(thread.tid, asks);
    Step(thread.tid);
    const bool answered = RegistersOf(thread.tid).rax == 0;
    SetRegisters(thread.tid, before);
    if (!answered ||
        !ReadMemory(carrier_, answer, &thread.signal_stack, sizeof(thread.signal_stack))) {
      Refuse("its signal stacks cannot be looked at");
    }
    thread.signal_stack.ss_flags &= ~SS_ONSTACK;
  }
}

// One instruction, which may be a system call.
void SnapshotTracer::Step(pid_t tid) {
  ptrace(PTRACE_SINGLESTEP, tid, nullptr, nullptr);
  for (int status = 0;; CheckAlive()) {
    if (waitpid(tid, &status, kWaitFlags) != tid) {
      nanosleep(&kLookAgain, nullptr);
      continue;
    }
    if (!WIFSTOPPED(status)) {
      Refuse("a thread of it ended meanwhile");
    }
    if (status >> 16 == 0 && WSTOPSIG(status) == SIGTRAP) {
      return;
    }
    if (status >> 16 == 0) {
      signals_[tid] = WSTOPSIG(status);  // given back when it is let go
      Refuse("a signal was about to be delivered to it");
    }
    ptrace(PTRACE_SINGLESTEP, tid, nullptr, nullptr);
  }
}

bool SnapshotTracer::Await(CarrierState state) {
  while (true) {
    const CarrierState now = control_->state.load(std::memory_order_acquire);
    if (now == state) {
      return true;
    }
    if (now == CarrierState::kFailed) {
      return false;
    }
    CheckAlive();
    if (IsEnding(carrier_)) {
      Refuse("it ended meanwhile");
    }
    AwaitChange(control_, now);
  }
}

bool SnapshotTracer::Run(uint32_t begin, uint32_t end) {
  control_->begin = begin;
  control_->end = end;
  control_->state.store(CarrierState::kStill);
  GiveCommand(control_, CarrierCommand::kRun);
  return Await(CarrierState::kDone);
}

std::vector<pid_t> SnapshotTracer::Fork(uint32_t begin, uint32_t end,
                                        const std::vector<ThreadImage>& others) {
  control_->begin = begin;
  control_->end = end;
  control_->child_failed.store(0);
  control_->state.store(CarrierState::kStill);
  GiveCommand(control_, CarrierCommand::kRun);
  child_ = AwaitChild();
  child_threads_ = {child_};
  if (!Await(CarrierState::kDone)) {
    Refuse("");
  }
  AwaitSteps(others.size());
  // The child's first thread has all that the parked one had, and is the main thread now.
  const user_regs_struct parked_registers = RegistersOf(child_);
  const std::vector<std::byte> parked_vectors = VectorsOf(child_);
  for (size_t i = 0; i < others.size(); ++i) {
    ThreadImage image = others[i];
    if (image.tid == parked_) {
      image.registers = parked_registers;
      image.registers.orig_rax = ~uint64_t{0};
      image.vectors = parked_vectors;
    }
    DressThread(child_threads_[i + 1], image);
  }
  if (parked_ != carrier_) {
    DressThread(child_, threads_.front());
  }
  child_ = 0;
  return child_threads_;
}

pid_t SnapshotTracer::AwaitChild() {
  while (true) {
    int status = 0;
    const pid_t got = waitpid(parked_, &status, kWaitFlags);
    if (got == parked_) {
      if (!WIFSTOPPED(status)) {
        Refuse("it ended meanwhile");
      }
      unsigned long born = 0;
      const bool is_birth = status >> 16 == PTRACE_EVENT_CLONE || status >> 16 == PTRACE_EVENT_FORK;
      if (is_birth && ptrace(PTRACE_GETEVENTMSG, parked_, nullptr, &born) == 0) {
        ptrace(PTRACE_CONT, parked_, nullptr, nullptr);
        return static_cast<pid_t>(born);
      }
      ptrace(PTRACE_CONT, parked_, nullptr,
             static_cast<uintptr_t>(status >> 16 != 0 ? 0 : WSTOPSIG(status)));
    }
    if (control_->state.load() == CarrierState::kFailed) {
      Refuse("");
    }
    CheckAlive();
    nanosleep(&kLookAgain, nullptr);
  }
}

// Follows the child through its steps, until each of its threads has stopped itself.
void SnapshotTracer::AwaitSteps(size_t others) {
  std::set<pid_t> done;
  const auto look = [&](pid_t tid) {
    int status = 0;
    if (waitpid(tid, &status, kWaitFlags) != tid) {
      return;
    }
    if (!WIFSTOPPED(status)) {
      Refuse("");
    }
    const int event = status >> 16;
    unsigned long born = 0;
    if (event == PTRACE_EVENT_CLONE && ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &born) == 0) {
      child_threads_.push_back(static_cast<pid_t>(born));
    }
    if (event == 0 && WSTOPSIG(status) == SIGSTOP) {
      done.insert(tid);
      return;
    }
    if (event == 0) {
      Refuse(fmt::format("the child's first steps ended in signal {}", WSTOPSIG(status)));
    }
    ptrace(PTRACE_CONT, tid, nullptr, nullptr);
  };
  while (done.size() < others + 1) {
    for (size_t i = 0; i < child_threads_.size(); ++i) {
      if (!done.contains(child_threads_[i])) {
        look(child_threads_[i]);
      }
    }
    if (done.contains(child_) && child_threads_.size() < others + 1) {
      Refuse("a thread is missing in the child");
    }
    CheckAlive();
    nanosleep(&kLookAgain, nullptr);
  }
}

}  // namespace faultline
