#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

// The whole of a file below /proc; "" when the process has gone.
std::string ReadProcFile(pid_t pid, const char* file);

// /proc/PID/environ: "NAME=VALUE" entries, each with a NUL behind it; "" when the process has gone,
// has no environment or is another user's. A process in the middle of execve() has none for a
// moment (until create_elf_tables() in the kernel's fs/binfmt_elf.c): it is waited for, 1 s at
// most.
std::string ReadEnvironment(pid_t pid);

// The name in /proc/PID/comm; "" when the process has gone. `pid` may be a thread's id.
std::string ProcessName(pid_t pid);

// Ids of all processes (/proc's numeric entries), zombies included.
std::vector<pid_t> AllPids();

// Thread ids of a process, in rising order; empty when it has gone.
std::vector<pid_t> ThreadIds(pid_t pid);

// The process that thread `tid` belongs to; 0 when it has gone.
pid_t ThreadGroup(pid_t tid);

// True when `signal` would take its default action in the process: neither caught nor ignored.
bool TakesDefaultAction(pid_t pid, int signal);

// True when the process ignores `signal`.
bool IgnoresSignal(pid_t pid, int signal);

// True when a thread of the process is in a read() of descriptor 0. False when its state may not be
// read.
bool ReadsItsInput(pid_t pid);

// True when `signal`, sent to the process, would take its default action there: it is neither
// caught nor ignored, and the thread that the kernel gives it to does not wait for it. A program
// that reads its signals from a signalfd() blocks them in all threads; one that takes them by
// sigwait() has them unblocked, as /proc tells it, for as long as it waits.
bool WouldDieOf(pid_t pid, int signal);

// A thread that sleeps in a system call which a signal ends (signal(7), "Interruption of system
// calls": EINTR, whatever the handler's flags or without SA_RESTART), as accept(2) and poll(2).
// What only time ends (nanosleep) is none, nor is a wait for another thread (futex).
struct SleepInCall {
  pid_t tid = 0;
  std::string call;       // as /proc/TID/syscall has it: number, arguments, stack pointer, pc
  uint64_t switches = 0;  // how often it has gone to sleep so far
  bool operator==(const SleepInCall&) const = default;
};
// Of the thread that the kernel would give `signal`, sent to the process, if that has a handler.
// nullopt: it has none, does not sleep so, is about to take a signal, or may not be looked at.
std::optional<SleepInCall> SleepsOpenToSignal(pid_t pid, int signal);

// True when the process has a single thread, which sleeps until a child ends or a signal comes:
// wait4(), waitid(), sigsuspend(), pause(). False when its state may not be read.
bool OnlyWaitsForChildren(pid_t pid);

// True when the process's main thread sleeps in a system call until another process does something:
// read(), poll(), wait4(), futex() and their like, not nanosleep(). False when its state may not be
// read.
bool SleepsUntilSomethingComes(pid_t pid);

// True when the process sleeps until something comes, and has the other end of a pipe that is
// `child`'s stdout or stderr: it reads what the child says. False when that may not be read.
bool ReadsOutputOf(pid_t pid, pid_t child);

// Fields of /proc/PID/stat.
struct ProcStat {
  char state = 0;  // 'Z' = zombie; 0 = the process has gone
  pid_t parent = 0;
  pid_t session = 0;
  uint64_t flags = 0;              // PF_* of the kernel's include/linux/sched.h
  uint64_t start_ticks = 0;        // of the process, since the machine's start
  uint64_t environment_start = 0;  // addresses; 0 also where they may not be read
  uint64_t environment_end = 0;
};
ProcStat ReadProcStat(pid_t pid);

// True when the process has gone, is a zombie, or all its threads are on their way out: do_exit()
// (kernel/exit.c) marks a thread before it closes its descriptors, and only later is its end
// reported, so that a reader of its pipe may know of the end before wait() does.
bool IsEnding(pid_t pid);

}  // namespace faultline
