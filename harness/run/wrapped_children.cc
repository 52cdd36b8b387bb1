#include "harness/run/wrapped_children.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string_view>

#include "harness/run/agent_check.h"
#include "harness/run/launchers.h"
#include "harness/target/proc_status.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

bool IsWrapper(LiveRun& run) {
  const RunRequest& request = run.request();
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  if (now && !run.process().followed() && !ReadsScript(*now, request.program)) {
    return IsMadeToWrap(now->program);
  }
  return IsMadeToWrap(HookedProgram(request)) ||
         (request.executed_program.empty() && IsMadeToWrap(request.program));
}

int64_t LastingMs(LiveRun& run) {
  const std::optional<ExecutedProgram> now = run.process().replaced_by();
  return IsScriptOrShell(now ? now->program : run.request().program) ? kLastingOfScriptMs
                                                                     : kLastingMs;
}

std::vector<std::string> ProgramsOf(const std::vector<ChildProgram>& children) {
  std::vector<std::string> programs;
  for (const ChildProgram& child : children) {
    if (std::find(programs.begin(), programs.end(), child.last.program) == programs.end()) {
      programs.push_back(child.last.program);
    }
  }
  return programs;
}

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

std::vector<std::string> WrappedPrograms(LiveRun& run, bool& has_waited) {
  return ProgramsOf(Candidates(run, has_waited));
}

}  // namespace faultline
