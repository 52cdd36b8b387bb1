#include "harness/run/snapshot_executor.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "harness/protocol/plan.h"
#include "harness/run/agent_check.h"
#include "harness/run/collect.h"
#include "harness/run/companions.h"
#include "harness/run/leftovers.h"
#include "harness/run/live_run.h"
#include "harness/run/lives.h"
#include "harness/run/rolled_back.h"
#include "harness/run/step_runner.h"
#include "harness/run/steps.h"
#include "harness/run/stop.h"
#include "harness/target/event_loop.h"

namespace faultline {
namespace {

// What uses so much CPU time without a start of its own hangs, most likely.
constexpr int64_t kLateMs = 3'000;

bool NamesPid(const Step& step) {
  const auto* command = std::get_if<CommandStep>(&step.action);
  return command != nullptr &&
         std::any_of(command->argv.begin(), command->argv.end(), [](const std::string& argument) {
           return argument.find("${pid}") != std::string::npos;
         });
}

// What is done at the call, after which it goes on.
bool IsAtOnce(Fault::Action action) {
  return action == Fault::Action::kFail || action == Fault::Action::kSignal ||
         action == Fault::Action::kRpc || action == Fault::Action::kDropConnection;
}

uint32_t ModulesOf(const Plan& plan) {
  return plan.bytes.empty()
             ? 0
             : reinterpret_cast<const protocol::PlanHeader*>(plan.bytes.data())->modules.count;
}

bool IsRestart(const Step& step) { return std::holds_alternative<RestartStep>(step.action); }

// The target's own share of a run that is done by another thread: that one may enter other
// namespaces.
template <typename Work>
auto OnThreadOfItsOwn(const Work& work) {
  std::optional<decltype(work())> result;
  std::exception_ptr error;
  std::thread thread([&] {
    try {
      result.emplace(work());
    } catch (...) {
      error = std::current_exception();
    }
  });
  thread.join();
  if (error) {
    std::rethrow_exception(error);
  }
  return std::move(*result);
}

// A step may begin with requests for the target's state, during which nothing fails (RolledBack):
// the call at which it was forked has been made to fail before.
void AwaitFirstHit(LiveRun& run) {
  constexpr int64_t kMostMs = 2'000;
  WaitAccount wait{
      .for_what = "the forked call to be decided", .limit_ms = kMostMs, .most_ms = kMostMs};
  const std::string& fault = run.request().faults.front().id;
  run.PollFor([&] { return run.hooking().Hits(fault) != 0; }, wait);
}

// The steps of a run with one target and one life, from where the carrier was.
void DoRest(LiveRun& run, const CourseMoment& from) {
  StepRunner runner(run);
  RolledBack rolled_back(run, runner);
  runner.Remember(from.steps);
  rolled_back.Remember(from.rolled_back);
  const std::vector<Step>& steps = run.request().scenario.steps;
  bool failed = false;
  for (size_t i = from.step; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const int index = static_cast<int>(i) + 1;
    DoneStep done;
    if (failed && !step.even_if_gone) {
      done.result = SkippedStep(run, step, index);
    } else {
      run.BeginStep(index, step.name);
      done = DoStep(run, runner, rolled_back, step, index, /*goes_on=*/i == from.step,
                    [&] { ArmFrom(run, step); });
    }
    failed = failed || done.stops_the_rest;
    run.evidence().steps.push_back(std::move(done.result));
  }
}

}  // namespace

std::string WhyCold(const RunRequest& request) {
  const Scenario& scenario = request.scenario;
  const Surroundings& around = scenario.surroundings;
  if (!request.provisional) {
    return "it confirms, or is no visit";
  }
  if (geteuid() != 0) {
    return "only root can make snapshots";
  }
  if (!request.trace || request.in_debugger || request.keep_run_dir || request.record_sites ||
      !request.watch_returns.empty()) {
    return "more is asked of it than a verdict";
  }
  if (!scenario.prepare.empty() || !scenario.companions.empty()) {
    return "the scenario's own preparations or companions";
  }
  if (!scenario.targets.empty() || request.profile.detaches ||
      ExecutedProgramOf(request).in_child || !request.profile.arguments_proof.function.empty() ||
      std::any_of(scenario.steps.begin(), scenario.steps.end(), IsRestart)) {
    return "more than one process is the target";
  }
  if (std::any_of(scenario.steps.begin(), scenario.steps.end(), NamesPid)) {
    return "a command names the target's process";
  }
  if (scenario.network != Network::kOwn) {
    return "the machine's network";
  }
  if (around.dev_shm || around.run_dir || around.read_only_run_dir || !around.directories.empty() ||
      !around.closed_descriptors.empty()) {
    return "unusual surroundings";
  }
  return FirstCall(request) ? "" : "its faults begin at no one site";
}

std::optional<SiteCall> FirstCall(const RunRequest& request) {
  if (request.faults.empty()) {
    return std::nullopt;
  }
  for (const Fault& fault : request.faults) {
    const bool plain = IsAtOnce(fault.action) && fault.from_step.empty() && fault.armed_at_start &&
                       !fault.probability;
    const bool is_first = &fault == &request.faults.front();
    if (!plain || (is_first ? fault.site == 0 : fault.after.empty() && fault.site == 0)) {
      return std::nullopt;
    }
  }
  return SiteCall{request.faults.front().site, request.faults.front().first};
}

Evidence SnapshotExecutor::Execute(const RunRequest& request) {
  if (std::optional<Evidence> evidence = TryFork(request)) {
    return std::move(*evidence);
  }
  pool_.GiveUpTurn(ticket_);
  return cold_.Execute(request);
}

std::optional<Evidence> SnapshotExecutor::TryFork(const RunRequest& request) {
  std::string why = WhyCold(request);
  if (why.empty()) {
    why = pool_.given_up();
  }
  if (!why.empty()) {
    if (request.provisional) {
      pool_.CountCold(why, request);
    }
    return std::nullopt;
  }
  RunRequest own = request;
  own.hook_all_points = true;
  own.executed_program = ExecutedProgramOf(request);
  try {
    pool_.Order(own);
    // The last to let it go is not the other thread, which sees the child's files.
    std::shared_ptr<Carrier> carrier;
    Evidence evidence =
        OnThreadOfItsOwn([&] { return RunFork(own, *FirstCall(request), carrier); });
    const std::lock_guard lock(pool_.mutex_);
    ++pool_.counts_.snapshots;
    return evidence;
  } catch (const CannotCarry& cannot) {
    pool_.CountCold(cannot.what(), request);
    return std::nullopt;
  }
}

Evidence SnapshotExecutor::RunFork(const RunRequest& request, const SiteCall& call,
                                   std::shared_ptr<Carrier>& carrier) {
  const Clock::time_point begin = Clock::now();
  const int64_t way_before_ms = pool_.counts().way_ms;
  pool_.AwaitTurn(ticket_);
  std::unique_lock lock(pool_.carrier_mutex_);
  std::string why;
  carrier = pool_.CarrierAt(request, call, why);
  if (carrier == nullptr) {
    throw CannotCarry(why);
  }
  // Also that of runs before it, behind which it had to wait.
  const int64_t way_ms = std::min(pool_.counts().way_ms - way_before_ms, MsSince(begin));
  std::unique_ptr<CarrierCourse::Hold> course = carrier->Hold();
  if (carrier->sandbox().space().FreeHugepagesMb() == 0) {
    throw CannotCarry("its hugetlbfs is full");
  }
  const int64_t writable_mb =
      WritableMb(MappingsOf(carrier->pid())) + request.scenario.resources.HugepagesMb();
  const MemoryBudget::Share memory(pool_.memory_, writable_mb, interruption_);
  Sandbox sandbox(request, carrier->sandbox());
  SnapshotSpace space(sandbox.real_dir(), sandbox.space().mounts(), sandbox.run_dir(),
                      sandbox.private_dir());
  space.Enter();
  Hooking hooking(request, sandbox.life_dir(), sandbox.TargetOptions().environment);
  if (hooking.plan().hook_symbols != carrier->hooking().plan().hook_symbols ||
      hooking.plan().points != carrier->hooking().plan().points ||
      hooking.plan().observers != carrier->hooking().plan().observers) {
    throw CannotCarry("the run hooks other functions than the carrier");
  }
  if (ModulesOf(hooking.plan()) != ModulesOf(carrier->hooking().plan())) {
    carrier->Retire();
    throw CannotCarry("a library is known by now that was not when the carrier was started");
  }
  Companions companions(request, sandbox);
  Leftovers leftovers;
  const SpawnOptions options = sandbox.TargetOptions();
  Stdio stdio = options.terminal ? MakeTerminal() : MakePipes();
  SnapshotConnections connections;
  const ChildPlace place = {&sandbox,
                            &space,
                            &hooking,
                            &connections,
                            stdio.child_input.get(),
                            stdio.child_output.get(),
                            options.terminal};
  Process process([&] { return carrier->Fork(place, *course); }, std::move(stdio), options);
  ++pool_.forks_;
  sandbox.KnowAs(carrier->pid());
  EventLoop loop;
  if (interruption_ != nullptr) {
    loop.Add(interruption_->fd(), [this] { interruption_->ThrowIfRaised(); });
  }
  LiveRun run(request, sandbox, hooking, companions, loop, std::move(process));
  const LateNice late(loop, run.process().pid(), kLateMs);
  run.Resume(connections.Carry(*course));
  const CourseMoment moment = course->moment();
  course.reset();
  lock.unlock();
  pool_.GiveUpTurn(ticket_);
  leftovers.Watch(request.profile.leftovers, sandbox.variables());
  AwaitFirstHit(run);
  DoRest(run, moment);
  run.AwaitFaultRpcs();
  StopTarget(run);
  CollectEvidence(run, leftovers);
  CheckAgentReady(run);
  if (hooking.LearnModules(run.evidence().journal)) {
    throw CannotCarry("a library came late that has functions to be hooked");
  }
  if (hooking.journal().UnlikeShared()) {
    throw CannotCarry("it shares memory with a child process, or maps it twice");
  }
  run.evidence().from_snapshot = true;
  pool_.KeepWay(call, way_ms);
  std::vector<Life> lives;
  lives.push_back({std::move(run.evidence()), 0});
  return MergeLives(std::move(lives));
}

}  // namespace faultline
