#include "harness/run/second_signal.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/oracle/signature.h"
#include "harness/target/clock.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

// A thread that sleeps in one call for so long, without having woken once, waits for something. One
// that wakes by itself every so often looks at its flag then, and would have ended.
constexpr int64_t kAsleepMs = 50;
// One that the signal did wake is elsewhere after so long.
constexpr int64_t kAsleepAgainMs = 100;

// Where the thread sleeps that would get `signal`, and has not woken for some time; nullopt when it
// does not.
std::optional<SleepInCall> FindSleep(LiveRun& run, int signal) {
  const pid_t pid = run.process().pid();
  const std::optional<SleepInCall> sleep = SleepsOpenToSignal(pid, signal);
  if (!sleep) {
    return std::nullopt;
  }
  bool has_woken = false;
  WaitAccount wait{.for_what = "the target to wake", .limit_ms = kAsleepMs, .most_ms = kAsleepMs};
  run.PollFor([&] { return has_woken |= SleepsOpenToSignal(pid, signal) != sleep; }, wait);
  return has_woken || run.exited() ? std::nullopt : sleep;
}

// The normalised lines that the target said by `to`, and not by `from`.
std::set<std::string> LinesBetween(LiveRun& run, size_t from, size_t to) {
  std::vector<std::string> lines = run.log().LinesFrom(from);
  const size_t later = run.log().LinesFrom(to).size();
  lines.resize(lines.size() - std::min(later, lines.size()));
  std::set<std::string> normalised;
  for (const std::string& line : lines) {
    normalised.insert(NormaliseMessage(line));
  }
  return normalised;
}

// Between the signals, did it say what it says neither before nor, in answer to the second, again?
bool HasSaidMore(LiveRun& run, const LiveRun::Mark& second) {
  const size_t first = run.stop_mark().lines;
  const std::set<std::string> before = LinesBetween(run, 0, first);
  const std::set<std::string> between = LinesBetween(run, first, second.lines);
  const std::set<std::string> after =
      LinesBetween(run, second.lines, std::numeric_limits<size_t>::max());
  return std::any_of(between.begin(), between.end(), [&](const std::string& line) {
    return !before.contains(line) && !after.contains(line);
  });
}

// Between the signals, did the thread that sleeps give back an object?
bool HasGivenBack(LiveRun& run, const SleepInCall& sleep, const LiveRun::Mark& second) {
  if (!run.hooking().wanted()) {
    return false;
  }
  const JournalSnapshot journal = run.hooking().journal().Read();
  const std::vector<std::string>& names = run.hooking().plan().observers;
  const std::vector<Observer>& observers = run.request().catalogue.observers;
  return std::any_of(
      journal.records.begin(), journal.records.end(), [&](const protocol::JournalRecord& record) {
        return record.kind == protocol::JournalRecord::kObserved &&
               record.sequence > run.stop_mark().records && record.sequence <= second.records &&
               record.index < names.size() && std::cmp_equal(record.tid, sleep.tid) &&
               std::any_of(observers.begin(), observers.end(), [&](const Observer& observer) {
                 return observer.name == names[record.index] &&
                        observer.event == Observer::Event::kDestroy;
               });
      });
}

// Sends it; true when the target ends by it, false when it sleeps again where it slept, or has not
// ended when the time of a stop has passed.
bool EndsBy(LiveRun& run, const SleepInCall& sleep, int signal) {
  const pid_t pid = run.process().pid();
  std::optional<Clock::time_point> asleep_since;
  WaitAccount wait{.for_what = "the target to end after a second stop signal",
                   .limit_ms = run.stop_limit_ms(),
                   .most_ms = run.stop_limit_ms()};
  run.process().Signal(signal);
  const auto sleeps_again = [&] {
    const std::optional<SleepInCall> now = SleepsOpenToSignal(pid, signal);
    if (!now || now->tid != sleep.tid || now->call != sleep.call) {
      asleep_since.reset();
      return false;
    }
    asleep_since = asleep_since.value_or(Clock::now());
    return MsSince(*asleep_since) >= kAsleepAgainMs;
  };
  run.PollFor(sleeps_again, wait);
  return run.exited();
}

// The threads that were halted for their stacks are on their way back into their calls.
void AwaitSleep(LiveRun& run, const SleepInCall& sleep, int signal) {
  WaitAccount wait{.for_what = "the target to sleep again",
                   .limit_ms = run.stop_limit_ms(),
                   .most_ms = run.stop_limit_ms()};
  run.PollFor(
      [&] {
        const auto now = SleepsOpenToSignal(run.process().pid(), signal);
        return now && now->tid == sleep.tid;
      },
      wait);
}

}  // namespace

bool ObeysSecondSignal(LiveRun& run) {
  const int signal = run.stop_signal();
  Evidence& evidence = run.evidence();
  if (signal == 0 || run.exited() || run.hang() || run.request().in_debugger ||
      !run.process().traced() || !run.HeldByFaults().empty() || evidence.second_signal) {
    return false;
  }
  const std::optional<SleepInCall> sleep = FindSleep(run, signal);
  if (!sleep) {
    return false;
  }
  run.CaptureHang("taken when the target had not stopped in time");
  AwaitSleep(run, *sleep, signal);
  SecondSignal& second = evidence.second_signal.emplace();
  second.signal = signal;
  second.sent_ms = run.now_ms();
  const LiveRun::Mark mark = run.MarkNow();
  if (!EndsBy(run, *sleep, signal)) {
    return false;
  }
  const ExitStatus& exit = run.process().exit_status();
  const bool in_handler = run.process().ended_in_handler();
  second.end = exit.ToString() + (in_handler ? ", from within the signal's handler" : "");
  second.first_was_lost = exit.kind == ExitStatus::Kind::kExited && !in_handler &&
                          IsCleanEnd(exit, run.request().profile.clean) &&
                          !HasSaidMore(run, mark) && !HasGivenBack(run, *sleep, mark);
  if (second.first_was_lost) {
    run.ForgetHang();
  }
  return second.first_was_lost;
}

}  // namespace faultline
