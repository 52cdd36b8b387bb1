#include "harness/run/seat.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/arguments_proof.h"
#include "harness/run/collect.h"
#include "harness/run/executed.h"
#include "harness/run/executed_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/run/stop.h"
#include "harness/run/untraced_proof.h"

namespace faultline {
namespace {

std::vector<Fault> FaultsOf(const RunRequest& all, const std::string& target) {
  std::vector<Fault> faults;
  for (const Fault& fault : all.faults) {
    if ((fault.target.empty() ? all.scenario.subject : fault.target) == target) {
      faults.push_back(fault);
    }
  }
  return faults;
}

// Of another target than the subject.
void Complete(RunRequest& request, const RunRequest& all, const Target& target) {
  request.program = ProgramOf(target, all);
  const auto limits = all.limits_of_others_ms.find(target.name);
  request.limits_ms =
      limits == all.limits_of_others_ms.end() ? request.scenario.limits_ms : limits->second;
  const auto executed = all.executed_by_others.find(target.name);
  request.executed_program =
      executed != all.executed_by_others.end()
          ? executed->second
          : ExecutedCache(all.cache_dir, request.program, request.scenario, request.profile)
                .Recall();
}

// As the agent's records of calls that open files have it (OpenedFile in
// harness/agent/observation.cc); nullopt when nothing is there.
std::optional<uint64_t> FileIdentity(const std::filesystem::path& file) {
  struct stat status;
  if (::lstat(file.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return protocol::HashMix(protocol::HashMix(0, status.st_dev), status.st_ino);
}

bool IsOpening(const protocol::JournalRecord& record, const Evidence& evidence) {
  return record.kind == protocol::JournalRecord::kObserved &&
         record.index < evidence.observers.size() &&
         evidence.observers[record.index].starts_with("fd/open");
}

bool HasOpened(const protocol::JournalRecord& record, const std::string& name) {
  const std::string path(record.label);
  const std::string opened = std::filesystem::path(path).filename();
  const bool is_cut = path.size() + 1 == sizeof(record.label);
  return !opened.empty() && (is_cut ? name.starts_with(opened) : name == opened);
}

// Has the target opened a file of this name, in any of its lives, as far as observers tell?
bool HasOpened(const std::vector<Life>& lives, const std::string& name) {
  return std::ranges::any_of(lives, [&](const Life& life) {
    return std::ranges::any_of(life.evidence.journal.records, [&](const auto& record) {
      return IsOpening(record, life.evidence) && HasOpened(record, name);
    });
  });
}

}  // namespace

std::filesystem::path ProgramOf(const Target& target, const RunRequest& all) {
  if (target.name == all.scenario.subject) {
    return all.program;
  }
  const bool is_alike = target.program.empty() && target.profile_name == all.scenario.profile;
  return RequireProgram(target.profile, is_alike ? all.program : std::filesystem::path(),
                        OwnDirectory());
}

RunRequest Seat::RequestOf(const RunRequest& all, const Target& target) {
  const bool is_subject = target.name == all.scenario.subject;
  RunRequest own{scenario_, is_subject ? all.profile : target.profile,
                 is_subject ? all.catalogue : target.catalogue};
  own.agent = all.agent;
  own.faults = FaultsOf(all, target.name);
  own.observe = all.observe;
  own.trace = all.trace;
  own.in_debugger = all.in_debugger;
  own.keep_run_dir = all.keep_run_dir;
  own.run_root = all.run_root;
  own.cache_dir = all.cache_dir;
  if (is_subject) {
    own.program = all.program;
    own.executed_program = all.executed_program;
    own.limits_ms = all.limits_ms;
    own.record_sites = all.record_sites;
    own.watch_returns = all.watch_returns;
    own.hook_all_points = all.hook_all_points;
    own.note_changes = all.note_changes;
    own.fault_free = all.fault_free;
    own.check_from_step = all.check_from_step;
  } else {
    Complete(own, all, target);
  }
  return own;
}

Seat::Seat(const RunRequest& request)
    : request_(request), sandbox_(request_), of_life_(request), remaining_(request.faults) {}

Seat::Seat(const RunRequest& request, RunPlace& place, const Target& target)
    : name_(target.name),
      scenario_(request.scenario.ForTarget(target)),
      request_(RequestOf(request, target)),
      sandbox_(request_, place, target),
      of_life_(request_),
      remaining_(request_.faults) {}

Seat::~Seat() = default;

void Seat::Start(Companions& companions, EventLoop& loop, std::optional<size_t> step,
                 Interruption* beside_debugger) {
  in_child_ = {};
  looked_at_ = 0;
  has_waited_for_wrapper_ = false;
  PrepareLife(step ? request_.scenario.steps[*step].name : "");
  sandbox_.BeginLife();
  hooking_ = std::make_unique<Hooking>(of_life_, sandbox_.life_dir(),
                                       sandbox_.TargetOptions().environment);
  ProveUntraced(request_, *hooking_);
  run_ = std::make_unique<LiveRun>(of_life_, sandbox_, *hooking_, companions, loop);
  steps_ = std::make_unique<StepRunner>(*run_);
  rolled_back_ = std::make_unique<RolledBack>(*run_, *steps_);
  if (!first_start_) {
    first_start_ = run_->process().start_time();
  }
  begin_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(run_->process().start_time() -
                                                                    *first_start_)
                  .count();
  leftovers_.Watch(OwnLeftovers(), sandbox_.variables());
  files_.clear();
  if (WantsDebugger()) {
    debugger_.emplace(run_->process().pid(), sandbox_.life_dir());
    loop.Add(debugger_->end_fd(), [this] { debugger_->ThrowLeft(); });
    if (beside_debugger != nullptr) {
      loop.Add(beside_debugger->fd(),
               [beside_debugger] { beside_debugger->ThrowIfRaisedButCtrlC(); });
    }
  }
}

void Seat::NoteFiles() {
  // Once it is asked to stop, what goes is its own clean-up.
  if (!request_.faults.empty() || run_->exited() || run_->evidence().asked_to_stop) {
    return;
  }
  const std::vector<std::string> files = FilesOf(*run_, leftovers_);
  const std::set<std::string> now(files.begin(), files.end());
  std::vector<std::string>& removed = run_->evidence().removed_by_steps;
  removed.clear();
  files_.insert(now.begin(), now.end());
  std::set_difference(files_.begin(), files_.end(), now.begin(), now.end(),
                      std::back_inserter(removed));
}

// gdb has one terminal: it is for the target, and for those of its lives, in which calls fail.
bool Seat::WantsDebugger() const {
  if (!request_.in_debugger) {
    return false;
  }
  return request_.faults.empty() ? name_.empty() && lives_.empty() : !of_life_.faults.empty();
}

// The user looks around as long as there is something to see.
void Seat::LeaveDebugger() {
  if (!debugger_) {
    return;
  }
  run_->loop().Remove(debugger_->end_fd());
  if (!debugger_->has_ended()) {
    PrintMessage("\nfaultline: {} has ended; leave gdb to go on\n",
                 name_.empty() ? "the target" : "target " + name_);
    debugger_->AwaitEnd();
  }
  if (debugger_->WasKilled()) {
    debugger_->ThrowLeft();
  }
  debugger_.reset();
}

// What bears the name of something that is another target's is left by that one.
std::vector<std::string> Seat::OwnLeftovers() const {
  std::vector<std::string> patterns = request_.profile.leftovers;
  const Target* target = request_.scenario.FindTarget(name_);
  if (target == nullptr) {
    return patterns;
  }
  std::erase_if(patterns, [&](const std::string& pattern) {
    return std::any_of(target->shares.begin(), target->shares.end(), [&](const auto& shared) {
      return pattern.find("${" + shared.first + "}") != std::string::npos;
    });
  });
  return patterns;
}

// Faults that are armed from the step of the restart itself are so before the first call.
void Seat::PrepareLife(const std::string& restart) {
  const int life = static_cast<int>(lives_.size()) + 1;
  if (life > 1) {
    remaining_ = FaultsOfNextLife(remaining_, lives_.back().evidence, counted_);
  }
  of_life_.faults = FaultsOfLife(remaining_, life);
  for (Fault& fault : of_life_.faults) {
    fault.armed_at_start |= !restart.empty() && fault.from_step == restart;
  }
}

// What was meant for a life that never came was not reached.
void Seat::NoteFaultsOfNoLife() {
  for (const Fault& fault : request_.faults) {
    if (std::cmp_greater(fault.life, lives_.size())) {
      lives_.back().evidence.faults_not_reached.push_back(fault.id);
    }
  }
}

void Seat::LookForChild() {
  ThrowRefusal(*run_);
  // A child of what was there before was its helper.
  const std::optional<ExecutedProgram> now = run_->process().replaced_by();
  if (now && now->order != looked_at_) {
    looked_at_ = now->order;
    in_child_ = {};
  }
  if (in_child_.empty()) {
    in_child_ = ExecutedInChild(*run_, has_waited_for_wrapper_);
  }
}

bool Seat::HasOther() {
  LookForChild();
  const bool tells_ready = request_.profile.ready.kind != ReadyCondition::Kind::kStarted;
  if (!tells_ready) {
    return false;  // what a child is may show later
  }
  return !in_child_.empty() || (run_->evidence().start_ms > 0 &&
                                (!ExecutedInstead(*run_, in_child_).empty() || ThatIsStale(*run_)));
}

bool Seat::End(std::optional<int> signal) {
  LookForChild();
  if (signal) {
    EndBySignal(*run_, *signal);
  } else {
    StopTarget(*run_);
  }
  LookForChild();  // of one that has run to completion
  LeaveDebugger();
  CollectEvidence(*run_, leftovers_);
  executed_ = ExecutedInstead(*run_, in_child_);
  const bool is_it = executed_.empty() && !ThatIsStale(*run_);
  if (is_it) {
    CheckProven(*run_);
    CheckAgentReady(*run_);
    missed_hooks_ |= hooking_->wanted() && hooking_->LearnModules(run_->evidence().journal);
    run_->evidence().target = name_;
    lives_.push_back({std::move(run_->evidence()), begin_ms_});
  }
  for (Fault& fault : remaining_) {
    if (const auto switched = run_->switched().find(fault.id); switched != run_->switched().end()) {
      fault.armed_at_start = switched->second;
    }
  }
  if (is_it && hooking_->wanted()) {
    counted_ = CountedCalls(remaining_, hooking_->plan().faults, lives_.back().evidence.journal);
  }
  rolled_back_.reset();
  steps_.reset();
  run_.reset();
  hooking_.reset();
  return is_it;
}

std::vector<std::string> Seat::LeftInSharedDirectory() const {
  return lives_.empty() ? std::vector<std::string>() : FilesInSharedDirectory();
}

std::vector<std::string> Seat::FilesInSharedDirectory() const {
  return sandbox_.shares_directory() || !sandbox_.others_share_directory()
             ? std::vector<std::string>()
             : sandbox_.LeftInRunDir();
}

std::optional<uint64_t> Seat::FirstOpened(const std::string& left, const Seat& owner) const {
  // "file PATH", as Sandbox::LeftInRunDir has it.
  const std::string path = owner.sandbox_.Specialise(left.substr(left.find(' ') + 1));
  const auto identity = FileIdentity(owner.sandbox_.space().FromOutside(path));
  std::optional<uint64_t> first;
  for (const Life& life : lives_) {
    for (const protocol::JournalRecord& record : life.evidence.journal.records) {
      if (identity && IsOpening(record, life.evidence) && record.occurrence == *identity) {
        first = std::min(first.value_or(record.time_ns), record.time_ns);
      }
    }
  }
  return first;
}

bool Seat::TakeLeft(const std::string& left, const Seat& owner, bool made_it) {
  if (lives_.empty()) {
    return false;
  }
  const std::string name = std::filesystem::path(left).filename();
  const bool bears_name = left.find("${" + name_ + ".") != std::string::npos;
  if (!made_it && !bears_name && !(HasOpened(lives_, name) && !HasOpened(owner.lives_, name))) {
    return false;
  }
  AddLeft(sandbox_.Generalise(owner.sandbox_.Specialise(left)));
  return true;
}

Evidence Seat::TakeEvidence() {
  NoteFaultsOfNoLife();
  return MergeLives(std::move(lives_));
}

}  // namespace faultline
