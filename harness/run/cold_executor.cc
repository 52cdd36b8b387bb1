#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/collect.h"
#include "harness/run/command.h"
#include "harness/run/companions.h"
#include "harness/run/debugger.h"
#include "harness/run/executed_cache.h"
#include "harness/run/executor.h"
#include "harness/run/hooking.h"
#include "harness/run/leftovers.h"
#include "harness/run/live_run.h"
#include "harness/run/lives.h"
#include "harness/run/sandbox.h"
#include "harness/run/steps.h"
#include "harness/run/stop.h"

namespace faultline {
namespace {

constexpr int kPrepareLimitMs = 60'000;

// The scenario's own preparations. One that fails makes the run meaningless: that is no evidence
// about the target.
void Prepare(const RunRequest& request, const Sandbox& sandbox, EventLoop& loop) {
  const std::map<std::string, std::string> environment = sandbox.CommandEnvironment();
  for (const CommandStep& command : request.scenario.prepare) {
    std::vector<std::string> argv;
    for (const std::string& argument : command.argv) {
      argv.push_back(ExpandForRun(argument, sandbox.variables()));
    }
    const CommandResult result =
        RunCommand(argv, {environment, sandbox.run_dir(), &sandbox.space()}, kPrepareLimitMs, loop);
    const std::vector<int>& expected = command.expect_exit;
    if (result.exit.kind != ExitStatus::Kind::kExited ||
        std::find(expected.begin(), expected.end(), result.exit.code) == expected.end()) {
      throw Failure::BadInput(
          fmt::format("{}: the preparation `{}` ended with {} where exit {} was expected: {}",
                      request.scenario.file, CommandTitle(argv), result.exit.ToString(),
                      fmt::join(expected, " or "), result.output));
    }
    RefuseLeftRunning(
        result, fmt::format("{}: the preparation `{}`", request.scenario.file, CommandTitle(argv)));
  }
}

// What was executed in the target's place before it was ready, other than what the plan is for: the
// agent is not in it, and whatever was judged would be about nothing. "" = nothing.
std::filesystem::path ExecutedInstead(LiveRun& run) {
  const std::string refusal = run.process().refusal();
  if (!refusal.empty()) {
    throw Failure::BadInput(refusal);
  }
  const std::optional<ExecutedProgram> other = run.process().replaced_by();
  if (!other || !run.hooking().wanted() || other->program == HookedProgram(run.request())) {
    return {};
  }
  const int64_t ready_ms = run.evidence().start_ms;
  const bool was_ready = run.request().profile.ready.kind != ReadyCondition::Kind::kStarted &&
                         ready_ms > 0 && other->time_ms > ready_ms;
  return was_ready ? std::filesystem::path() : other->program;
}

struct Attempt {
  Evidence evidence;
  bool missed_hooks = false;            // a late library has functions that should have been hooked
  std::filesystem::path executed = {};  // see ExecutedInstead; nothing else is filled in then
};

// A run in which the target may be started several times.
class Course {
 public:
  Course(const RunRequest& request, Interruption* interruption)
      : request_(request),
        // Ctrl-C belongs to gdb while it has the terminal.
        interruption_(request.in_debugger ? nullptr : interruption),
        beside_debugger_(request.in_debugger ? interruption : nullptr),
        sandbox_(request),
        companions_(request, sandbox_) {
    EventLoop loop;
    if (interruption != nullptr) {
      loop.Add(interruption->fd(), [interruption] { interruption->ThrowIfRaised(); });
    }
    Prepare(request, sandbox_, loop);
    companions_.StartAll(loop);
    companions_.Detach(loop);
    sandbox_.MarkBefore();
  }

  Attempt Run() {
    const std::vector<Step>& steps = request_.scenario.steps;
    RunRequest of_life = request_;
    size_t next = 0;
    while (true) {
      next = LiveOnce(of_life, next);
      if (next >= steps.size()) {
        break;
      }
      of_life.faults = FaultsOfNextLife(of_life, lives_.back().evidence);
      ArmFromStart(of_life.faults, steps[next].name);
    }
    if (!attempt_.executed.empty()) {
      return std::move(attempt_);
    }
    if (request_.keep_run_dir) {
      sandbox_.Keep();
    }
    attempt_.evidence = MergeLives(std::move(lives_));
    return std::move(attempt_);
  }

 private:
  // Faults `from_step` of the restart itself are armed before the target makes its first call.
  static void ArmFromStart(std::vector<Fault>& faults, const std::string& restart) {
    for (Fault& fault : faults) {
      fault.armed_at_start |= !restart.empty() && fault.from_step == restart;
    }
  }

  // One start of the target, from its step `next` on: that is the restart itself, but for the
  // first. Returns the index of the next restart.
  size_t LiveOnce(const RunRequest& request, size_t next) {
    const std::vector<Step>& steps = request_.scenario.steps;
    sandbox_.BeginLife();
    Hooking hooking(request, sandbox_.life_dir(), sandbox_.TargetOptions().environment);
    LiveRun run(request, sandbox_, hooking, companions_, interruption_);
    const int64_t begin_ms = NoteStart(run);
    leftovers_.Watch(request.profile.leftovers, sandbox_.variables());
    std::optional<Debugger> debugger;
    if (request.in_debugger) {
      debugger.emplace(run.process().pid(), sandbox_.life_dir());
      run.loop().Add(debugger->end_fd(), [&debugger] { debugger->ThrowLeft(); });
      if (beside_debugger_ != nullptr) {
        run.loop().Add(beside_debugger_->fd(),
                       [this] { beside_debugger_->ThrowIfRaisedButCtrlC(); });
      }
    }
    if (!lives_.empty()) {
      run.BeginStep(static_cast<int>(next) + 1, steps[next].name);
      StepResult started;
      started.index = static_cast<int>(next) + 1;
      started.title = steps[next].Title();
      run.evidence().steps.push_back(std::move(started));
      ++next;
    }
    next = RunSteps(run, next);
    run.AwaitFaultRpcs();
    End(run, next < steps.size() ? &steps[next] : nullptr);
    if (debugger) {
      run.loop().Remove(debugger->end_fd());
      debugger.reset();  // the user looks around as long as there is something to see
    }
    CollectEvidence(run, leftovers_);
    attempt_.executed = ExecutedInstead(run);
    if (!attempt_.executed.empty()) {
      return steps.size();
    }
    CheckAgentReady(run);
    attempt_.missed_hooks |= hooking.wanted() && hooking.LearnModules(run.evidence().journal);
    lives_.push_back({std::move(run.evidence()), begin_ms});
    return next;
  }

  void End(LiveRun& run, const Step* restart) const {
    const std::optional<int> signal =
        restart == nullptr ? std::nullopt : std::get<RestartStep>(restart->action).signal;
    if (signal) {
      EndBySignal(run, *signal);
    } else {
      StopTarget(run);
    }
  }

  // Since the first start.
  int64_t NoteStart(LiveRun& run) {
    if (!first_start_) {
      first_start_ = run.process().start_time();
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(run.process().start_time() -
                                                                 *first_start_)
        .count();
  }

  const RunRequest& request_;
  Interruption* interruption_;
  Interruption* beside_debugger_;  // Ctrl-C belongs to gdb while that has the terminal
  Sandbox sandbox_;
  Companions companions_;  // behind the sandbox: they are gone before its directory
  Leftovers leftovers_;    // its files are removed once the target is gone
  std::vector<Life> lives_;
  std::optional<Clock::time_point> first_start_;
  Attempt attempt_;
};

Attempt ExecuteOnce(const RunRequest& request, Interruption* interruption) {
  return Course(request, interruption).Run();
}

}  // namespace

const std::filesystem::path& HookedProgram(const RunRequest& request) {
  return request.executed_program.empty() ? request.program : request.executed_program;
}

Evidence ColdExecutor::Execute(const RunRequest& request) {
  const ExecutedCache cache(request.cache_dir, request.program, request.scenario, request.profile);
  RunRequest own = request;
  if (own.executed_program.empty()) {
    own.executed_program = cache.Recall();
  }
  Attempt attempt = ExecuteOnce(own, interruption_);
  if (!attempt.executed.empty()) {
    own.executed_program = attempt.executed;
    cache.Remember(attempt.executed);
    attempt = ExecuteOnce(own, interruption_);
  }
  if (!attempt.executed.empty()) {
    throw Failure::CannotWork(fmt::format(
        "{} executed {} in its place once and {} another time: name one of them as the program",
        request.program.string(), own.executed_program.string(), attempt.executed.string()));
  }
  if (attempt.missed_hooks) {
    attempt = ExecuteOnce(own, interruption_);
  }
  return std::move(attempt.evidence);
}

}  // namespace faultline
