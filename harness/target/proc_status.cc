#include "harness/target/proc_status.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "harness/base/unique_fd.h"
#include "harness/target/clock.h"
#include "harness/target/process_memory.h"

namespace faultline {
namespace {

constexpr int kLongestExecMs = 1'000;

std::vector<pid_t> NumericEntries(const std::string& directory) {
  struct Closer {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, Closer> dir(opendir(directory.c_str()));
  while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    pid_t number = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, number).ptr == end) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// The number behind "NAME:" in /proc/PID/status.
uint64_t StatusField(const std::string& status, const std::string& name, int base) {
  const size_t at = status.find("\n" + name + ":");
  return at == std::string::npos
             ? 0
             : std::strtoull(status.c_str() + at + name.size() + 2, nullptr, base);
}

// Is `signal` in one of the sets of that names in /proc/PID/status?
bool IsIn(const std::string& status, int signal, std::initializer_list<const char*> sets) {
  return std::any_of(sets.begin(), sets.end(), [&](const char* set) {
    return (StatusField(status, set, 16) & (uint64_t{1} << (signal - 1))) != 0;
  });
}

constexpr uint64_t kExiting = 0x4;  // PF_EXITING

// True for a process that may have an environment although none was read from it: it is in
// execve(), or was a moment ago.
bool MayHaveEnvironment(pid_t pid) {
  constexpr uint64_t kKernelThread = 0x200000;
  const ProcStat stat = ReadProcStat(pid);
  if (stat.state == 0 || stat.state == 'Z' || (stat.flags & (kExiting | kKernelThread)) != 0 ||
      (stat.environment_start != 0 && stat.environment_start == stat.environment_end)) {
    return false;
  }
  // What cannot be opened has zeros there because it is not ours to read. access() is no help: it
  // knows nothing of the kernel's ptrace check.
  const std::string file = "/proc/" + std::to_string(pid) + "/environ";
  return static_cast<bool>(UniqueFd(open(file.c_str(), O_RDONLY | O_CLOEXEC)));
}

// Is a thread in sigwait() or one of its like for `signal`? False when its state may not be read
// (ptrace(2), "Ptrace access mode checking").
bool IsWaitingFor(pid_t tid, int signal) {
  std::istringstream call(ReadProcFile(tid, "syscall"));  // proc(5): number and arguments
  long number = 0;
  uintptr_t set = 0;
  if (!(call >> number >> std::hex >> set) || number != SYS_rt_sigtimedwait) {
    return false;
  }
  uint64_t signals = 0;
  return ReadMemory(tid, set, &signals, sizeof(signals)) &&
         (signals & (uint64_t{1} << (signal - 1))) != 0;
}

// May the kernel give the thread a signal that was sent to its process?
bool CanBeGiven(pid_t tid, int signal) {
  const ProcStat stat = ReadProcStat(tid);
  return stat.state != 0 && stat.state != 'Z' && (stat.flags & kExiting) == 0 &&
         !IsIn(ReadProcFile(tid, "status"), signal, {"SigBlk"});
}

// The thread that the kernel gives a signal to which was sent to the process; 0 = none can take it.
// complete_signal() in the kernel's kernel/signal.c: the main thread if it can take it, else any.
pid_t TakerOf(pid_t pid, int signal) {
  if (CanBeGiven(pid, signal)) {
    return pid;
  }
  const std::vector<pid_t> threads = ThreadIds(pid);
  const auto found = std::find_if(threads.begin(), threads.end(),
                                  [&](pid_t tid) { return CanBeGiven(tid, signal); });
  return found == threads.end() ? 0 : *found;
}

constexpr std::array kEndedBySignals = {
    SYS_accept,     SYS_accept4,         SYS_connect,     SYS_read,   SYS_readv,
    SYS_recvfrom,   SYS_recvmsg,         SYS_recvmmsg,    SYS_write,  SYS_writev,
    SYS_sendto,     SYS_sendmsg,         SYS_poll,        SYS_ppoll,  SYS_select,
    SYS_pselect6,   SYS_epoll_wait,      SYS_epoll_pwait, SYS_pause,  SYS_rt_sigsuspend,
    SYS_wait4,      SYS_waitid,          SYS_msgrcv,      SYS_msgsnd, SYS_semop,
    SYS_semtimedop, SYS_mq_timedreceive, SYS_open,        SYS_openat, SYS_flock,
    SYS_fcntl,      SYS_io_getevents};

// System calls in which a process waits for what another does. Not what only time ends.
constexpr std::array kWaits = {
    SYS_read,       SYS_readv,           SYS_poll,         SYS_ppoll,  SYS_select,
    SYS_pselect6,   SYS_recvfrom,        SYS_recvmsg,      SYS_accept, SYS_accept4,
    SYS_epoll_wait, SYS_epoll_pwait,     SYS_wait4,        SYS_waitid, SYS_rt_sigsuspend,
    SYS_pause,      SYS_rt_sigtimedwait, SYS_futex,        SYS_semop,  SYS_semtimedop,
    SYS_msgrcv,     SYS_flock,           SYS_epoll_pwait2, SYS_open,   SYS_openat,
    SYS_connect,    SYS_mq_timedreceive};

// What descriptor `fd` of the process leads to: "pipe:[4711]"; "" when it is closed.
std::string LinkOfFd(pid_t pid, int fd) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd),
                                       ignored);
}

}  // namespace

std::string ReadProcFile(pid_t pid, const char* file) {
  // Not a std::ifstream: it throws when the process dies between open and read (ESRCH).
  const UniqueFd fd(
      open(("/proc/" + std::to_string(pid) + "/" + file).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> bytes;
  ssize_t got = 0;
  while (fd && (got = read(fd.get(), bytes.data(), bytes.size())) > 0) {
    text.append(bytes.data(), static_cast<size_t>(got));
  }
  return text;
}

std::string ReadEnvironment(pid_t pid) {
  const Deadline deadline = InMs(kLongestExecMs);
  std::string environment = ReadProcFile(pid, "environ");
  while (environment.empty() && MayHaveEnvironment(pid) && Clock::now() < deadline) {
    usleep(100);
    environment = ReadProcFile(pid, "environ");
  }
  return environment;
}

std::string ProcessName(pid_t pid) {
  std::string name = ReadProcFile(pid, "comm");
  if (name.ends_with('\n')) {
    name.pop_back();
  }
  return name;
}

std::vector<pid_t> AllPids() { return NumericEntries("/proc"); }

std::vector<pid_t> ThreadIds(pid_t pid) {
  return NumericEntries("/proc/" + std::to_string(pid) + "/task");
}

pid_t ThreadGroup(pid_t tid) {
  return static_cast<pid_t>(StatusField(ReadProcFile(tid, "status"), "Tgid", 10));
}

bool TakesDefaultAction(pid_t pid, int signal) {
  return !IsIn(ReadProcFile(pid, "status"), signal, {"SigCgt", "SigIgn"});
}

bool IgnoresSignal(pid_t pid, int signal) {
  return IsIn(ReadProcFile(pid, "status"), signal, {"SigIgn"});
}

bool ReadsItsInput(pid_t pid) {
  const std::vector<pid_t> threads = ThreadIds(pid);
  return std::any_of(threads.begin(), threads.end(), [](pid_t tid) {
    std::istringstream call(ReadProcFile(tid, "syscall"));
    long number = 0;
    std::string descriptor;
    return call >> number >> descriptor && number == SYS_read && descriptor == "0x0";
  });
}

bool WouldDieOf(pid_t pid, int signal) {
  if (!TakesDefaultAction(pid, signal)) {
    return false;
  }
  // complete_signal() in the kernel's kernel/signal.c: the main thread is given it if it can take
  // it, else any other that can, and nobody dies of what the one that is given it waits for.
  if (CanBeGiven(pid, signal)) {
    return !IsWaitingFor(pid, signal);
  }
  const std::vector<pid_t> threads = ThreadIds(pid);
  return std::any_of(threads.begin(), threads.end(), [&](pid_t tid) {
    return CanBeGiven(tid, signal) && !IsWaitingFor(tid, signal);
  });
}

std::optional<SleepInCall> SleepsOpenToSignal(pid_t pid, int signal) {
  SleepInCall sleep;
  sleep.tid = IsIn(ReadProcFile(pid, "status"), signal, {"SigCgt"}) ? TakerOf(pid, signal) : 0;
  if (sleep.tid == 0 || ReadProcStat(sleep.tid).state != 'S') {
    return std::nullopt;
  }
  sleep.call = ReadProcFile(sleep.tid, "syscall");
  const std::string status = ReadProcFile(sleep.tid, "status");
  sleep.switches = StatusField(status, "voluntary_ctxt_switches", 10);
  long number = -1;
  std::istringstream(sleep.call) >> number;
  const bool ends =
      std::find(kEndedBySignals.begin(), kEndedBySignals.end(), number) != kEndedBySignals.end();
  return ends && !IsIn(status, signal, {"SigPnd", "ShdPnd"}) ? std::optional(sleep) : std::nullopt;
}

bool OnlyWaitsForChildren(pid_t pid) {
  std::istringstream call(ReadProcFile(pid, "syscall"));
  long number = 0;
  return ThreadIds(pid).size() == 1 && call >> number &&
         (number == SYS_wait4 || number == SYS_waitid || number == SYS_rt_sigsuspend ||
          number == SYS_pause);
}

bool SleepsUntilSomethingComes(pid_t pid) {
  if (ReadProcStat(pid).state != 'S') {
    return false;
  }
  std::istringstream call(ReadProcFile(pid, "syscall"));
  long number = -1;
  return call >> number && std::find(kWaits.begin(), kWaits.end(), number) != kWaits.end();
}

bool ReadsOutputOf(pid_t pid, pid_t child) {
  constexpr std::array kReads = {SYS_read,       SYS_readv,       SYS_poll,  SYS_ppoll,
                                 SYS_select,     SYS_pselect6,    SYS_wait4, SYS_waitid,
                                 SYS_epoll_wait, SYS_epoll_pwait, SYS_futex};
  std::istringstream call(ReadProcFile(pid, "syscall"));
  long number = -1;
  if (!(call >> number) || std::find(kReads.begin(), kReads.end(), number) == kReads.end()) {
    return false;
  }
  std::set<std::string> said;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (const std::string link = LinkOfFd(child, fd); link.starts_with("pipe:")) {
      said.insert(link);
    }
  }
  const std::vector<pid_t> own = NumericEntries("/proc/" + std::to_string(pid) + "/fd");
  return std::any_of(own.begin(), own.end(), [&](int fd) {
    // What it has inherited it hands on: its own output, to whoever started it.
    return fd > STDERR_FILENO && said.contains(LinkOfFd(pid, fd));
  });
}

ProcStat ReadProcStat(pid_t pid) {
  const std::string text = ReadProcFile(pid, "stat");
  // "PID (NAME) STATE PPID PGRP SESSION ..."; the name may hold anything, even ")".
  const size_t name_end = text.rfind(')');
  ProcStat stat;
  if (name_end == std::string::npos) {
    return stat;
  }
  std::istringstream words(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
  // Numbered as in proc(5), where the state is the third.
  const auto number = [&fields](size_t field) -> uint64_t {
    return field - 3 < fields.size() ? std::strtoull(fields[field - 3].c_str(), nullptr, 10) : 0;
  };
  stat.state = fields.empty() ? '\0' : fields.front().front();
  stat.parent = static_cast<pid_t>(number(4));
  stat.session = static_cast<pid_t>(number(6));
  stat.flags = number(9);
  stat.start_ticks = number(22);
  stat.environment_start = number(50);
  stat.environment_end = number(51);
  return stat;
}

bool IsEnding(pid_t pid) {
  const std::vector<pid_t> threads = ThreadIds(pid);
  return std::all_of(threads.begin(), threads.end(), [](pid_t tid) {
    const ProcStat stat = ReadProcStat(tid);
    return stat.state == 0 || stat.state == 'Z' || (stat.flags & kExiting) != 0;
  });
}

}  // namespace faultline
