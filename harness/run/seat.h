#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/companions.h"
#include "harness/run/debugger.h"
#include "harness/run/executor.h"
#include "harness/run/hooking.h"
#include "harness/run/leftovers.h"
#include "harness/run/live_run.h"
#include "harness/run/lives.h"
#include "harness/run/rolled_back.h"
#include "harness/run/sandbox.h"
#include "harness/run/step_runner.h"
#include "harness/target/event_loop.h"

namespace faultline {

// The program of one of several targets. `all.program` is also that of the others of the subject's
// kind, unless the scenario names theirs. Failure as RequireProgram.
std::filesystem::path ProgramOf(const Target& target, const RunRequest& all);

// One target of a run, through all its lives: its sandbox, its plan and journal, what it says, the
// evidence about it. One thread.
class Seat {
 public:
  // The only target of `request`, or, with `target`, one of several. Nothing is started yet. All is
  // borrowed.
  explicit Seat(const RunRequest& request);
  Seat(const RunRequest& request, RunPlace& place, const Target& target);
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  const std::string& name() const { return name_; }  // "" = the only target
  const RunRequest& request() const { return request_; }
  Sandbox& sandbox() { return sandbox_; }
  // It has been started, and not yet been ended by End(); its process may have ended.
  bool is_live() const { return run_ != nullptr; }
  bool was_started() const { return is_live() || !lives_.empty(); }
  LiveRun& run() { return *run_; }
  StepRunner& steps() { return *steps_; }
  RolledBack& rolled_back() { return *rolled_back_; }

  // Starts it, the first time or again; `step` is the index of the step that asks for it, if one
  // does. `debugger` is what Ctrl-C is taken from while gdb has the terminal, or nullptr.
  void Start(Companions& companions, EventLoop& loop, std::optional<size_t> step,
             Interruption* beside_debugger);
  // Ends it, by its profile's stop or by `signal`, and takes the evidence. False when it has turned
  // out that another program than the one that was hooked is the target: executed(), nothing when
  // only that is known.
  bool End(std::optional<int> signal);
  // Looks whether the target is a wrapper's child (ExecutedInChild), as long as that is not known:
  // to be called between steps, since a wrapper may end before its child does.
  void LookForChild();
  // Is it clear already, before its end, that another program than the one that was hooked is the
  // target?
  bool HasOther();
  const Executed& executed() const { return executed_; }
  // Some library that came late has functions that should have been hooked.
  bool missed_hooks() const { return missed_hooks_; }

  // Once all targets of the run have ended: what is left in a directory that others have too.
  // Empty when this one has it alone, or is not the one whose directory it is.
  std::vector<std::string> LeftInSharedDirectory() const;
  // What is in it now, likewise.
  std::vector<std::string> FilesInSharedDirectory() const;
  // When the target first opened the file that `owner` names `left`, by CLOCK_MONOTONIC; nullopt:
  // it was not seen to. By what the file is, not by its name: it may have been renamed since, and
  // another file may have had its name before.
  std::optional<uint64_t> FirstOpened(const std::string& left, const Seat& owner) const;
  // Something that was left there, as LeftInSharedDirectory of `owner` names it, bears the name of
  // something that is this target's alone, or is a file that this one was seen to open and the
  // owner was not: it is added to what this one left. False when not.
  // `made_it`: it is this one's in any case.
  bool TakeLeft(const std::string& left, const Seat& owner, bool made_it);
  void AddLeft(const std::string& left) { lives_.back().evidence.left_behind.push_back(left); }
  // A step is done: of a run without faults, notes which files it has removed
  // (Evidence::removed_by_steps).
  void NoteFiles();
  // Of all lives; those of the run's first start are at `first`. Only when it was started.
  Evidence TakeEvidence();
  Clock::time_point first_start() const { return *first_start_; }

 private:
  RunRequest RequestOf(const RunRequest& all, const Target& target);
  void PrepareLife(const std::string& restart);
  bool WantsDebugger() const;
  void LeaveDebugger();
  void NoteFaultsOfNoLife();
  std::vector<std::string> OwnLeftovers() const;

  std::string name_;
  Scenario scenario_;  // of one of several targets: as it would be for this one alone
  RunRequest request_;
  Sandbox sandbox_;
  RunRequest of_life_;
  std::vector<Fault> remaining_;             // faults that are not over
  std::map<std::string, uint64_t> counted_;  // of the life before, see CountedCalls
  std::unique_ptr<Hooking> hooking_;
  std::unique_ptr<LiveRun> run_;
  std::unique_ptr<StepRunner> steps_;
  std::unique_ptr<RolledBack> rolled_back_;
  std::optional<Debugger> debugger_;
  Leftovers leftovers_;
  std::set<std::string> files_;  // of a run without faults: that were there so far, in this life
  std::vector<Life> lives_;
  int64_t begin_ms_ = 0;  // of the life that goes on, since the first start
  std::optional<Clock::time_point> first_start_;
  Executed executed_;
  Executed in_child_;
  uint64_t looked_at_ = 0;  // what the started process was executing when that was found
  bool has_waited_for_wrapper_ = false;  // in this life
  bool missed_hooks_ = false;
};

}  // namespace faultline
