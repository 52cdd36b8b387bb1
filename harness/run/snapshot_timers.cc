#include "harness/run/snapshot_timers.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <sstream>

namespace faultline {
namespace {

// The kernel counts ids up in each process: those that were given back have to be counted through.
constexpr int kMostIds = 256;

constexpr char kWhat[] = "a timer (timer_create)";

}  // namespace

// "ID: 1\nsignal: 60/00007fff86e452a8\nnotify: signal/pid.2634\nClockID: 0\n" (proc(5))
std::vector<PosixTimer> TimersIn(const std::string& text) {
  std::vector<PosixTimer> timers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    int number = 0;
    if (std::sscanf(line.c_str(), "ID: %d", &number) == 1) {
      timers.emplace_back().id = number;
    }
    if (timers.empty()) {
      continue;
    }
    PosixTimer& timer = timers.back();
    unsigned long value = 0;
    char how[16] = {};
    char whom[4] = {};
    if (std::sscanf(line.c_str(), "signal: %d/%lx", &number, &value) == 2) {
      timer.signal = number;
      timer.value = value;
    } else if (std::sscanf(line.c_str(), "notify: %15[a-z]/%3[a-z].%d", how, whom, &number) == 3) {
      const std::string notify = how;
      timer.notify = notify == "none"     ? SIGEV_NONE
                     : notify == "thread" ? SIGEV_THREAD
                                          : SIGEV_SIGNAL;
      if (std::string(whom) == "tid") {
        timer.notify |= SIGEV_THREAD_ID;
        timer.tid = number;
      }
    } else if (std::sscanf(line.c_str(), "ClockID: %d", &number) == 1) {
      timer.clock = number;
      if (timer.clock < 0 || timer.id >= kMostIds) {
        throw CannotCarry(
            "it has a timer (timer_create) of a process's or a thread's own clock, or "
            "has had too many of them");
      }
    }
  }
  std::sort(timers.begin(), timers.end(),
            [](const PosixTimer& a, const PosixTimer& b) { return a.id < b.id; });
  return timers;
}

std::vector<SnapshotSteps::Argument> AddTimerLooks(const std::vector<PosixTimer>& timers,
                                                   SnapshotSteps& steps) {
  std::vector<SnapshotSteps::Argument> times;
  for (const PosixTimer& timer : timers) {
    times.push_back(steps.Bytes(&timer.times, sizeof(timer.times)));
    steps.Add(__NR_timer_gettime, {timer.id, times.back()}, kWhat);
  }
  return times;
}

void AddTimers(const std::vector<PosixTimer>& timers, SnapshotSteps& steps) {
  int next = 0;
  for (const PosixTimer& timer : timers) {
    for (bool is_there = false; !is_there; ++next) {
      is_there = next == timer.id;
      sigevent event = {};
      event.sigev_notify = is_there ? timer.notify : SIGEV_NONE;
      event.sigev_signo = timer.signal;
      event.sigev_value.sival_ptr = reinterpret_cast<void*>(timer.value);
      event._sigev_un._tid = timer.tid;
      const int none = -1;
      const SnapshotSteps::Argument id = steps.Bytes(&none, sizeof(none));
      steps.Add(__NR_timer_create, {timer.clock, steps.Bytes(&event, sizeof(event)), id}, kWhat);
      steps.Add(protocol::SnapshotStep::kEqual, {steps.NumberAt(id, 0), next}, kWhat);
      if (!is_there) {
        steps.Add(__NR_timer_delete, {next}, kWhat);
      }
    }
    if (timer.times.it_value.tv_sec != 0 || timer.times.it_value.tv_nsec != 0) {
      steps.Add(__NR_timer_settime,
                {timer.id, 0, steps.Bytes(&timer.times, sizeof(timer.times)), 0}, kWhat);
    }
  }
}

}  // namespace faultline
