#include "harness/run/executed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/launchers.h"
#include "harness/target/proc_status.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// Where nothing tells that the target is ready, what a wrapper executes first may be a helper about
// to end. A script executes one after the other; some load a driver, or wait for a disk.
constexpr int64_t kLastingMs = 500;
constexpr int64_t kLastingOfScriptMs = 2'000;

// `wraps: none`: what the program executes in children are its helpers.
constexpr std::string_view kNothing = "none";

// Of what the started process executes now: a script is, whatever reads it.
bool IsWrapper(LiveRun& run) {
  const RunRequest& request = run.request();
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  if (now && !run.process().followed() && !ReadsScript(*now, request.program)) {
    return IsMadeToWrap(now->program);
  }
  return IsMadeToWrap(HookedProgram(request)) ||
         (request.executed_program.empty() && IsMadeToWrap(request.program));
}

// How long a child must have lived to be what a wrapper is for, where nothing else tells.
int64_t LastingMs(LiveRun& run) {
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  return IsScriptOrShell(now ? now->program : run.request().program) ? kLastingOfScriptMs
                                                                     : kLastingMs;
}

bool IsHooked(LiveRun& run) {
  const std::optional<ExecutedProgram> last = run.process().replaced_by();
  return last && last->program == HookedProgram(run.request());
}

// Each once, in order.
std::vector<std::string> Distinct(const std::vector<ChildProgram>& children) {
  std::vector<std::string> programs;
  for (const ChildProgram& child : children) {
    if (std::find(programs.begin(), programs.end(), child.last.program) == programs.end()) {
      programs.push_back(child.last.program);
    }
  }
  return programs;
}

// Those that the target itself has started, or wrappers that it has started; not their helpers, nor
// those of what was there before (`helper & exec program`; pyenv's shims). Of wrappers alone, the
// outermost.
std::vector<ChildProgram> Children(LiveRun& run) {
  const std::vector<ChildProgram> all = run.process().child_programs();
  const auto is_helper = [&all](const ChildProgram& child) {
    pid_t above = child.above;
    for (auto one = all.rbegin(); one != all.rend(); ++one) {  // those above were the first
      if (one->pid == above) {
        if (!IsMadeToWrap(one->last.program)) {
          return true;
        }
        above = one->above;
      }
    }
    return false;
  };
  std::vector<ChildProgram> inner;
  std::vector<ChildProgram> outer;
  for (const ChildProgram& child : all) {
    if (child.is_of_former) {
      continue;
    }
    if (!IsMadeToWrap(child.last.program) && !is_helper(child)) {
      inner.push_back(child);
    } else if (child.above == 0) {
      outer.push_back(child);
    }
  }
  return inner.empty() ? outer : inner;
}

Executed Named(LiveRun& run, const std::string& name) {
  for (const ChildProgram& child : run.process().child_programs()) {
    if (child.last.program == name || child.last.program.filename() == name) {
      return InChild(run, child.last.program);
    }
  }
  if (!run.exited()) {
    return {};
  }
  throw Failure::BadInput(fmt::format(
      "profile {}: `wraps: {}`, but {} has not executed such a program in a child (executed: {})",
      run.request().profile.name, name, run.request().program.string(),
      fmt::join(Distinct(run.process().child_programs()), ", ")));
}

// Of a program that has ended well and left a process behind, that one may not have come to execute
// anything yet.
void AwaitExec(LiveRun& run) {
  constexpr int kLimitMs = 2'000;
  constexpr int kEveryMs = 5;
  const Deadline limit = InMs(kLimitMs);
  const auto executed = [&] {
    const std::vector<ChildProgram> children = Children(run);
    return std::any_of(children.begin(), children.end(),
                       [](const ChildProgram& child) { return child.is_alive; });
  };
  while (run.process().has_children() && !executed() && Clock::now() < limit) {
    run.loop().RunUntil([] { return false; }, InMs(kEveryMs));
  }
}

// A shell has started its child before it waits for it, and the child may be ready first.
bool WaitsForChildren(LiveRun& run, bool& has_waited) {
  constexpr int kLimitMs = 200;
  constexpr int kEveryMs = 2;
  const Deadline limit = InMs(has_waited ? 0 : kLimitMs);
  has_waited = true;
  bool waits = OnlyWaitsForChildren(run.process().pid());
  while (!waits && !run.exited() && Clock::now() < limit) {
    run.loop().RunUntil([&run] { return run.exited(); }, InMs(kEveryMs));
    waits = OnlyWaitsForChildren(run.process().pid());
  }
  return waits;
}

// As a process of the target has it, or as long as that is not known, the harness.
std::string LibraryPathOf(pid_t pid) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  std::istringstream entries(ReadEnvironment(pid));
  for (std::string entry; std::getline(entries, entry, '\0');) {
    if (entry.starts_with(kName)) {
      return entry.substr(kName.size());
    }
  }
  const char* own = std::getenv("LD_LIBRARY_PATH");
  return own == nullptr ? "" : own;
}

bool UsesDpdk(const ChildProgram& child) {
  return UsesDpdkAsBefore(child.last.program, LibraryPathOf(child.is_alive ? child.pid : 0));
}

// Of `children` those for which the started program is there, although it neither is made to wrap
// nor merely waits: a launcher that reads what its child says (`subprocess.Popen(...,
// stdout=PIPE)`), or whatever starts a program with DPDK and has none itself.
std::vector<ChildProgram> Launched(LiveRun& run, const std::vector<ChildProgram>& children) {
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  const fs::path program = now ? now->program : HookedProgram(run.request());
  std::vector<ChildProgram> launched;
  if (!UsesDpdkAsBefore(program, LibraryPathOf(run.process().pid()))) {
    std::ranges::copy_if(children, std::back_inserter(launched),
                         [](const ChildProgram& child) { return UsesDpdk(child); });
  }
  if (launched.empty() && IsInterpreter(fs::weakly_canonical(program))) {
    std::ranges::copy_if(children, std::back_inserter(launched), [&run](const ChildProgram& child) {
      return child.is_alive && ReadsOutputOf(run.process().pid(), child.pid);
    });
  }
  return launched;
}

// Of one that has ended: what it has left behind, or all that it executed.
std::vector<ChildProgram> OfEnded(LiveRun& run, int64_t ready_ms) {
  const ExitStatus& exit = run.process().exit_status();
  // What a wrapper has left may be ready before its own end is seen.
  const bool ended_well =
      exit.kind == ExitStatus::Kind::kExited && exit.code == 0 && (ready_ms == 0 || IsWrapper(run));
  // The step or stop that was meant for the target has ended the wrapper.
  const bool was_ended = exit.kind == ExitStatus::Kind::kSignaled && run.stop_signal_sent() &&
                         exit.code == run.stop_signal() && ready_ms == 0 && IsWrapper(run);
  const bool left_one = ended_well || was_ended;
  if (ended_well && !run.request().profile.detaches) {
    AwaitExec(run);
  }
  std::vector<ChildProgram> children = Children(run);
  const auto alive = std::stable_partition(
      children.begin(), children.end(), [](const ChildProgram& child) { return child.is_alive; });
  if (alive == children.begin()) {
    return IsWrapper(run) ? children : Launched(run, children);
  }
  children.erase(left_one ? alive : children.begin(), children.end());
  if (was_ended) {
    std::erase_if(children, [&](const ChildProgram& child) {
      return run.process().exit_time_ms() - child.last.time_ms < LastingMs(run);
    });
  }
  return children;
}

// The children of which one is the target.
std::vector<ChildProgram> Candidates(LiveRun& run, bool& has_waited) {
  const bool tells_ready = run.request().profile.ready.kind != ReadyCondition::Kind::kStarted;
  const int64_t ready_ms = tells_ready ? run.evidence().start_ms : 0;
  if (run.exited()) {
    return OfEnded(run, ready_ms);
  }
  if (tells_ready && ready_ms == 0) {
    return {};
  }
  std::vector<ChildProgram> children = Children(run);
  std::erase_if(children, [&](const ChildProgram& child) {
    return !child.is_alive || (tells_ready ? child.last.time_ms > ready_ms
                                           : run.now_ms() - child.last.time_ms < LastingMs(run));
  });
  return children.empty() || IsWrapper(run) || WaitsForChildren(run, has_waited)
             ? children
             : Launched(run, children);
}

bool IsDescendant(pid_t pid, pid_t ancestor) {
  while (pid > 1 && pid != ancestor) {
    pid = ReadProcStat(pid).parent;
  }
  return pid == ancestor;
}

// A wrapper has started `program`, the target, more than once (`sh -c 'program & program & wait'`):
// nothing tells which of these processes is the target. What the target itself starts is its own.
void RefuseTwins(LiveRun& run, const fs::path& program) {
  const bool is_followed = IsHooked(run) && run.process().followed();
  const pid_t target = run.process().pid();
  std::vector<ChildProgram> twins = is_followed ? run.process().child_programs() : Children(run);
  std::erase_if(twins, [&](const ChildProgram& child) {
    return !child.is_alive || child.last.program != program ||
           (is_followed && IsDescendant(child.pid, target));
  });
  if (twins.size() + (is_followed ? 1 : 0) > 1) {
    throw Failure::BadInput(fmt::format(
        "{} has started {} more than once, and any of these processes may be the target: expected "
        "one (for several, `targets` of the scenario), or `wraps: none` in its profile",
        run.request().program.string(), program.string()));
  }
}

}  // namespace

Executed InChild(LiveRun& run, const fs::path& program) {
  constexpr int kMost = 9;  // see kChildVariable
  Executed executed{program, /*in_child=*/true, /*number=*/0};
  for (const ChildProgram& child : run.process().child_programs()) {
    if (child.last.program == program) {
      executed.number = std::min(executed.number + 1, kMost);
      if (child.is_alive && !child.is_of_former) {
        break;
      }
    }
  }
  return executed;
}

std::vector<std::string> WrappedPrograms(LiveRun& run, bool& has_waited) {
  return Distinct(Candidates(run, has_waited));
}

void ThrowRefusal(LiveRun& run) {
  const std::string refusal = run.process().refusal();
  if (!refusal.empty()) {
    throw Failure::BadInput(refusal);
  }
}

Executed ExecutedInChild(LiveRun& run, bool& has_waited) {
  const std::string& wraps = run.request().profile.wraps;
  if (!run.hooking().wanted() || run.request().profile.detaches || wraps == kNothing ||
      !run.process().traced()) {
    return {};
  }
  if (IsHooked(run)) {
    if (run.process().followed() && !run.exited()) {
      RefuseTwins(run, HookedProgram(run.request()));
    }
    // What a program has executed in its own place may be a wrapper in its turn: `python3`, of
    // which some find the real one by scripts.
    if (run.request().executed_program.in_child) {
      return {};
    }
  }
  if (!wraps.empty()) {
    const Executed named = Named(run, wraps);
    RefuseTwins(run, named.program);
    return named;
  }
  const std::vector<std::string> programs = WrappedPrograms(run, has_waited);
  if (programs.size() > 1) {
    throw Failure::BadInput(fmt::format(
        "{} has started several programs, any of which may be the target ({}): say which in its "
        "profile (`wraps: {}`), or that none is (`wraps: none`)",
        run.request().program.string(), fmt::join(programs, ", "),
        fs::path(programs.front()).filename().string()));
  }
  if (programs.empty()) {
    return {};
  }
  RefuseTwins(run, programs.front());
  return InChild(run, programs.front());
}

Executed ExecutedInstead(LiveRun& run, const Executed& in_child) {
  ThrowRefusal(run);
  if (!in_child.empty()) {
    return in_child;
  }
  const std::optional<ExecutedProgram> other = run.process().replaced_by();
  if (!other || !run.hooking().wanted() || other->program == HookedProgram(run.request())) {
    return {};
  }
  const int64_t ready_ms = run.evidence().start_ms;
  const bool was_ready = run.request().profile.ready.kind != ReadyCondition::Kind::kStarted &&
                         ready_ms > 0 && other->time_ms > ready_ms;
  return was_ready ? Executed() : Executed{.program = other->program};
}

bool ThatIsStale(LiveRun& run) {
  const Executed& known = run.request().executed_program;
  if (!known.is_remembered || !run.hooking().wanted() ||
      run.hooking().journal().agent_state() != protocol::AgentState::kAbsent ||
      !WhyPreloadFails(known.program).empty()) {
    return false;
  }
  if (!run.process().traced()) {
    return true;
  }
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  const std::vector<ChildProgram> children = run.process().child_programs();
  return known.in_child ? std::none_of(children.begin(), children.end(),
                                       [&](const ChildProgram& child) {
                                         return child.last.program == known.program;
                                       })
                        : !now || now->program != known.program;
}

void AwaitWrapper(LiveRun& run) {
  const std::string& wraps = run.request().profile.wraps;
  if (!run.hooking().wanted() || !run.process().traced() || wraps == kNothing ||
      !run.request().executed_program.empty() || run.request().fault_free != nullptr ||
      !IsWrapper(run)) {
    return;
  }
  constexpr int64_t kMostMs = 10'000;
  WaitAccount wait{
      .for_what = "the wrapper to execute its target", .limit_ms = kMostMs, .most_ms = kMostMs};
  int64_t busy_ms = run.now_ms();  // until then it had a child
  run.PollFor(
      [&run, &busy_ms] {
        bool lasts = false;
        for (const ChildProgram& child : Children(run)) {
          busy_ms = child.is_alive ? run.now_ms() : busy_ms;
          lasts |= child.is_alive && run.now_ms() - child.last.time_ms >= LastingMs(run);
        }
        return lasts || !IsWrapper(run) || run.now_ms() - busy_ms >= kLastingMs;
      },
      wait);
}

}  // namespace faultline
