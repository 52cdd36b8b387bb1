#include "harness/run/executed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/launchers.h"
#include "harness/run/wrapped_children.h"
#include "harness/target/proc_status.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// `wraps: none`: what the program executes in children are its helpers.
constexpr std::string_view kNothing = "none";

bool IsHooked(LiveRun& run) {
  const std::optional<ExecutedProgram> last = run.process().replaced_by();
  return last && last->program == HookedProgram(run.request());
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
      fmt::join(ProgramsOf(run.process().child_programs()), ", ")));
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
