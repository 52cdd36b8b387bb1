#include <fmt/format.h>

#include <optional>

#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/collect.h"
#include "harness/run/command.h"
#include "harness/run/debugger.h"
#include "harness/run/executed_cache.h"
#include "harness/run/executor.h"
#include "harness/run/hooking.h"
#include "harness/run/leftovers.h"
#include "harness/run/live_run.h"
#include "harness/run/sandbox.h"
#include "harness/run/steps.h"
#include "harness/run/stop.h"

namespace faultline {
namespace {

constexpr int kPrepareLimitMs = 60'000;

// The scenario's own preparations. One that fails makes the run meaningless: that is no evidence
// about the target.
void Prepare(const RunRequest& request, const Sandbox& sandbox, Interruption* interruption) {
  EventLoop loop;
  if (interruption != nullptr) {
    loop.Add(interruption->fd(), [interruption] { interruption->ThrowIfRaised(); });
  }
  for (const CommandStep& command : request.scenario.prepare) {
    std::vector<std::string> argv;
    for (const std::string& argument : command.argv) {
      argv.push_back(ExpandForRun(argument, sandbox.variables()));
    }
    const CommandResult result =
        RunCommand(argv, sandbox.CommandEnvironment(), sandbox.run_dir(), kPrepareLimitMs, loop);
    if (result.exit.kind != ExitStatus::Kind::kExited || result.exit.code != command.expect_exit) {
      throw Failure::BadInput(
          fmt::format("{}: the preparation `{}` ended with {} where exit {} was expected: {}",
                      request.scenario.file, fmt::join(argv, " "), result.exit.ToString(),
                      command.expect_exit, result.output));
    }
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

Attempt ExecuteOnce(const RunRequest& request, Interruption* interruption) {
  Sandbox sandbox(request);
  Prepare(request, sandbox, interruption);
  Hooking hooking(request, sandbox.private_dir(), sandbox.TargetOptions().environment);
  sandbox.MarkBefore();
  Leftovers leftovers;  // before `run`: its files are removed once the target is gone
  // Ctrl-C belongs to gdb while it has the terminal.
  LiveRun run(request, sandbox, hooking, request.in_debugger ? nullptr : interruption);
  leftovers.Watch(request.profile.leftovers, sandbox.variables());
  std::optional<Debugger> debugger;
  if (request.in_debugger) {
    debugger.emplace(run.process().pid(), sandbox.private_dir());
  }
  RunSteps(run);
  run.AwaitFaultRpcs();
  StopTarget(run);
  debugger.reset();  // the user looks around as long as there is something to see
  CollectEvidence(run, leftovers);
  Attempt attempt;
  attempt.executed = ExecutedInstead(run);
  if (!attempt.executed.empty()) {
    return attempt;
  }
  CheckAgentReady(run);
  if (request.keep_run_dir) {
    sandbox.Keep();
  }
  attempt.missed_hooks = hooking.wanted() && hooking.LearnModules(run.evidence().journal);
  attempt.evidence = std::move(run.evidence());
  return attempt;
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
