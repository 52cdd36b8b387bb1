// What a supervisor makes of the programs that the processes of a run execute: which may not run,
// and which is the target.
#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/safety.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

// The texts of a file below /proc in which each ends with a NUL.
std::vector<std::string> Texts(pid_t pid, const char* file) {
  std::vector<std::string> texts;
  std::istringstream all(ReadProcFile(pid, file));
  for (std::string text; std::getline(all, text, '\0');) {
    texts.push_back(text);
  }
  return texts;
}

// argv without argv[0].
std::vector<std::string> ArgumentsOf(pid_t pid) {
  std::vector<std::string> arguments = Texts(pid, "cmdline");
  if (!arguments.empty()) {
    arguments.erase(arguments.begin());
  }
  return arguments;
}

std::string LibraryPathOf(pid_t pid) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  for (const std::string& entry : Texts(pid, "environ")) {
    if (entry.starts_with(kName)) {
      return entry.substr(kName.size());
    }
  }
  return "";
}

// Has the thread left the breakpoint, or the exec, at which it stood? Only SIGKILL takes it from
// there, to its end: what could not be read or written then proves nothing (a step that restarts
// the target). Whatever else is the matter with it, it has not.
bool HasLeftItsStop(pid_t tid) {
  siginfo_t info = {};
  return ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0
             ? errno == ESRCH
             : info.si_code == (SIGTRAP | (PTRACE_EVENT_EXIT << 8));
}

}  // namespace

// Before the new program's first instruction, so that one that must not run never does: a wrapper
// or a script is not seen through beforehand.
void Supervisor::NoteExec(pid_t pid) {
  std::error_code ignored;
  const std::filesystem::path program =
      std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), ignored);
  GuardArguments(pid, program);
  {
    const std::lock_guard lock(mutex_);
    if (pid == pid_ && !std::exchange(executed_, true)) {
      return;  // checked before it was started
    }
  }
  const std::vector<std::string> arguments = ArgumentsOf(pid);
  try {
    if (proof_.function.empty()) {
      CheckSafeToStart(program, arguments, {}, LibraryPathOf(pid));
    } else {
      CheckSafeToWatch(program, arguments);
    }
  } catch (const Failure& failure) {
    if (!HasLeftItsStop(pid)) {
      Refuse(pid, failure.what());
    }
  }
  const std::lock_guard lock(mutex_);
  const ExecutedProgram executed{program, MsSince(start_), ++executions_, pid, arguments};
  if (!follow_program_.empty() && program == follow_program_ && follow_after_-- == 0) {
    follow_program_.clear();
    follows_ = false;
    if (pid != pid_) {
      MakeTarget(pid);
      followed_ = true;
      eventfd_write(end_fd_.get(), 1);
    }
  }
  if (pid == pid_) {
    replaced_by_ = executed;
  } else {
    NoteChildProgram(pid, executed);
  }
}

void Supervisor::Refuse(pid_t pid, const std::string& refusal) {
  kill(pid, SIGKILL);
  const std::lock_guard lock(mutex_);
  if (refusal_.empty()) {
    refusal_ = refusal;
  }
}

void Supervisor::GuardArguments(pid_t pid, const std::filesystem::path& program) {
  // What is asked for is looked at by who asks.
  const ArgumentRule rule = proof_is_asked_ ? ArgumentRule{proof_.function, {}} : proof_;
  const std::string refusal =
      guard_.Watch(pid, program, UsesDpdkAsBefore(program, LibraryPathOf(pid)), rule,
                   /*must_find=*/!proof_.function.empty());
  if (!refusal.empty() && !HasLeftItsStop(pid)) {
    Refuse(pid, refusal);
  }
}

bool Supervisor::HandleTrap(pid_t tid, int status) {
  if (waiting_.contains(tid)) {
    return true;  // held for its proof
  }
  const pid_t pid = ThreadGroup(tid);
  guard_.Fork(ReadProcStat(pid).parent, pid);  // the kernel may not have told of its birth yet
  const ArgumentGuard::Hit hit = guard_.OnTrap(pid, tid);
  if (!hit.is_ours) {
    return false;
  }
  if (!hit.refusal.empty()) {
    if (!HasLeftItsStop(tid)) {
      Refuse(pid, hit.refusal);
    }
  } else if (hit.is_rule && proof_is_asked_ && !proven_) {
    waiting_[tid] = status;
    {
      const std::lock_guard lock(mutex_);
      held_for_proof_ = tid;
    }
    eventfd_write(stop_fd_.get(), 1);
    return true;
  } else if (hit.is_rule) {
    proven_ = true;
  }
  ptrace(PTRACE_CONT, tid, nullptr, nullptr);
  return true;
}

bool Supervisor::proof_wanted() const {
  const std::lock_guard lock(mutex_);
  return held_for_proof_ != 0;
}

void Supervisor::AnswerProof(const std::string& refusal) {
  {
    const std::lock_guard lock(mutex_);
    const pid_t tid = std::exchange(held_for_proof_, 0);
    if (tid == 0) {
      return;
    }
    if (refusal.empty()) {
      proven_ = true;
    } else {
      refusal_ = refusal_.empty() ? refusal : refusal_;
      kill(ThreadGroup(tid), SIGKILL);  // it is stopped: its id is still its own
    }
    let_go_.insert(tid);
  }
  events_.Wake();
}

void Supervisor::NoteChildProgram(pid_t pid, const ExecutedProgram& executed) {
  const auto known = [this](pid_t process) {
    return std::find_if(child_programs_.begin(), child_programs_.end(),
                        [process](const ChildProgram& one) { return one.pid == process; });
  };
  if (const auto before = known(pid); before != child_programs_.end()) {
    before->last = executed;
    return;
  }
  ChildProgram child{.pid = pid, .last = executed};
  for (pid_t above = ReadProcStat(pid).parent;
       above > 1 && above != pid_ && above != getpid() && child.above == 0;
       above = ReadProcStat(above).parent) {
    child.above = known(above) != child_programs_.end() ? above : 0;
  }
  child_programs_.push_back(std::move(child));
}

uint64_t Supervisor::LastOrder(pid_t pid) const {
  uint64_t order = replaced_by_ && replaced_by_->by == pid ? replaced_by_->order : 0;
  for (const ChildProgram& child : child_programs_) {
    order = child.pid == pid ? std::max(order, child.last.order) : order;
  }
  return order;
}

// Its parent waits in its fork(2), or has just come out of it: it executes what it did then.
void Supervisor::NoteOrigin(pid_t pid) {
  const pid_t parent = ReadProcStat(pid).parent;
  parents_[pid] = parent;
  const uint64_t order = LastOrder(parent);
  const auto above = origins_.find(parent);
  origins_[pid] = order == 0 && above != origins_.end() ? above->second : Origin{parent, order};
}

bool Supervisor::IsOfFormer(pid_t pid) const {
  for (auto one = origins_.find(pid); one != origins_.end(); one = origins_.find(one->second.by)) {
    if (LastOrder(one->second.by) != one->second.order) {
      return true;
    }
  }
  return false;
}

std::vector<ChildProgram> Supervisor::child_programs() const {
  const std::lock_guard lock(mutex_);
  std::vector<ChildProgram> programs = child_programs_;
  for (ChildProgram& one : programs) {
    one.is_alive = living_.contains(one.pid) && !IsEnding(one.pid);
    one.is_of_former = IsOfFormer(one.pid);
  }
  return programs;
}

bool Supervisor::has_children() const {
  const std::lock_guard lock(mutex_);
  return living_.size() > (living_.contains(pid_) ? 1 : 0);
}

std::optional<ExecutedProgram> Supervisor::replaced_by() const {
  const std::lock_guard lock(mutex_);
  return replaced_by_;
}

std::string Supervisor::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

}  // namespace faultline
