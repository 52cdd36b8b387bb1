#include "harness/run/snapshot_carrier.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <sstream>
#include <utility>

#include "harness/planner/sanitizer_runtime.h"
#include "harness/run/snapshot_child.h"
#include "harness/run/snapshot_limits.h"
#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_tree.h"
#include "harness/run/untraced_proof.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using protocol::CarrierCommand;
using protocol::CarrierState;
using protocol::JournalRecord;
using protocol::SnapshotStep;
using Argument = SnapshotSteps::Argument;

constexpr int kForkLimitMs = 10'000;
// Longer than any step of a scenario that is well should take.
constexpr int kWaitLimitMs = 60'000;
// Fewer might be what the host has just given for others.
constexpr uint64_t kMeasuredMb = 256;

Scenario WithoutFaults(Scenario scenario) {
  scenario.faults.clear();
  return scenario;
}

// What the target was started with.
int OwnNice() { return getpriority(PRIO_PROCESS, 0); }

class NiceWhileHeld {
 public:
  explicit NiceWhileHeld(pid_t pid) : pid_(pid) { SetNice(pid_, OwnNice()); }
  ~NiceWhileHeld() { SetNice(pid_, kMost); }
  NiceWhileHeld(const NiceWhileHeld&) = delete;
  NiceWhileHeld& operator=(const NiceWhileHeld&) = delete;

 private:
  static constexpr int kMost = 19;
  pid_t pid_;
};

}  // namespace

Carrier::Carrier(const RunRequest& request, std::optional<SiteCall> first)
    : scenario_(WithoutFaults(request.scenario)),
      profile_(request.profile),
      catalogue_(request.catalogue),
      request_{scenario_, profile_, catalogue_} {
  request_.program = request.program;
  request_.executed_program = request.executed_program;
  request_.agent = request.agent;
  request_.limits_ms = request.scenario.limits_ms;
  request_.observe = request.observe;
  request_.run_root = request.run_root;
  request_.cache_dir = request.cache_dir;
  request_.hook_all_points = true;
  request_.record_sites = !first;
  request_.trace = false;  // but for the moment of a fork
  sandbox_ = std::make_unique<Sandbox>(request_);
  if (first) {
    control_ = std::make_unique<SnapshotControlFile>(sandbox_->private_dir() / "control");
    request_.snapshot_control = control_->path();
    StopAt(*first);
  }
  sandbox_->MarkBefore();
  sandbox_->BeginLife();
  hooking_ = std::make_unique<Hooking>(request_, sandbox_->life_dir(),
                                       sandbox_->TargetOptions().environment);
  if (!hooking_->wanted()) {
    throw CannotCarry("nothing is hooked");
  }
  // It knows its threads by what their creation left with it, and starts one of its own.
  if (IsThreadSanitizer(hooking_->sanitizer_runtime())) {
    throw CannotCarry("ThreadSanitizer is in it");
  }
  ProveUntraced(request_, *hooking_);
  watch_ =
      Guardian::Get().WatchRun(sandbox_->TargetOptions().run_id);  // its children have the same
  course_ = std::make_unique<CarrierCourse>(request_, *sandbox_, *hooking_,
                                            control_ ? control_->get() : nullptr);
}

Carrier::~Carrier() = default;

bool Carrier::WaitFor(const std::function<bool()>& met, Interruption* interruption) {
  constexpr timespec kLookAgain = {.tv_sec = 0, .tv_nsec = 1'000'000};
  const Deadline end = InMs(kWaitLimitMs);
  while (!met()) {
    if (interruption != nullptr) {
      interruption->ThrowIfRaised();
    }
    if (course_->is_over() || Clock::now() >= end) {
      return met();
    }
    control_ ? AwaitChange(control_->get(), CarrierState::kRuns)
             : static_cast<void>(nanosleep(&kLookAgain, nullptr));
  }
  return true;
}

void Carrier::StopAt(const SiteCall& call) {
  control_->get()->wanted_occurrence.store(call.occurrence);
  control_->get()->wanted_site.store(call.site);
}

bool Carrier::GoTo(const SiteCall& call, Interruption* interruption) {
  protocol::SnapshotControl* const control = control_->get();
  StopAt(call);
  SetNice(pid(), OwnNice());
  if (control->state.load() == CarrierState::kParked) {
    control->state.store(CarrierState::kRuns);
    GiveCommand(control, CarrierCommand::kGoOn);
  }
  return AwaitStop(interruption);
}

bool Carrier::AwaitStop(Interruption* interruption) {
  over_ = !WaitFor([&] { return control_->get()->state.load() == CarrierState::kParked; },
                   interruption);
  return !over_;
}

// Calls of other threads wait meanwhile, and no call is asked for: one that has just been counted
// does not stop there any more.
bool Carrier::HasMade(const SiteCall& call) const {
  return hooking_->journal().CallsOfSite(call.site) >= call.occurrence;
}

std::vector<SiteCall> Carrier::Explore(Interruption* interruption) {
  WaitFor([this] { return course_->is_over(); }, interruption);
  const JournalSnapshot journal = hooking_->journal().Read();
  hooking_->LearnModules(journal);
  std::vector<SiteCall> calls;
  for (const JournalRecord& record : journal.records) {
    if (record.kind == JournalRecord::kCall && record.site < journal.sites.size() &&
        record.occurrence != 0 && (record.flags & JournalRecord::kInChild) == 0) {
      calls.push_back({journal.sites[record.site].hash, record.occurrence});
    }
  }
  return calls;
}

std::unique_ptr<CarrierCourse::Hold> Carrier::Hold() {
  auto hold = std::make_unique<CarrierCourse::Hold>(*course_);
  if (hold->moment().by_command) {
    throw CannotCarry("a command of the scenario acts on it");
  }
  return hold;
}

// What a forked process does not have, and nobody can give it.
void Carrier::CheckWhatStaysBehind() const {
  for (const pid_t tid : ThreadIds(pid())) {
    const std::string task = fmt::format("task/{}/", tid);
    if (!ReadProcFile(pid(), (task + "children").c_str()).empty()) {
      throw CannotCarry("it has child processes");
    }
    std::istringstream status(ReadProcFile(pid(), (task + "status").c_str()));
    for (std::string line; std::getline(status, line);) {
      if ((line.starts_with("SigPnd:") || line.starts_with("ShdPnd:")) &&
          line.find_first_not_of("0 \t", sizeof("SigPnd:") - 1) != std::string::npos) {
        throw CannotCarry("a signal waits to be delivered to it");
      }
    }
  }
}

AdoptedTarget Carrier::Fork(const ChildPlace& place, const CarrierCourse::Hold& course) {
  // While it is held others of its threads may spin; the child is to have what a target has.
  const NiceWhileHeld nice(pid());
  SnapshotTracer tracer(pid(), static_cast<pid_t>(control_->get()->parked_thread), control_->get(),
                        InMs(kForkLimitMs));
  tracer.Halt();
  CheckWhatStaysBehind();
  course.run().log().OnReadable();  // what the carrier has printed so far the child has printed
  files_ = OpenFilesOf(pid());
  place.connections->Make(files_, course);
  mappings_ = MappingsOf(pid());
  const auto mapped = std::find_if(mappings_.begin(), mappings_.end(), [&](const Mapping& one) {
    return one.path == control_->path();
  });
  if (mapped == mappings_.end()) {
    throw CannotCarry("its agent has lost its control file");
  }
  steps_ = std::make_unique<SnapshotSteps>(control_->get(), mapped->begin);
  PrepareItself(tracer);
  CopyFiles(place);
  try {
    return ForkHalted(place, course.run().process(), tracer);
  } catch (const CannotCarry& why) {
    if (*why.what() != '\0') {
      throw;
    }
    over_ = control_->get()->state.load() == CarrierState::kFailed;
    const uint32_t failed = control_->get()->failed_step;
    if (failed >= protocol::kSnapshotSteps) {
      throw CannotCarry(steps_->WhatIs(failed));
    }
    const SnapshotStep& step = control_->get()->steps[failed];
    throw CannotCarry(fmt::format("{}: {}", steps_->WhatIs(failed),
                                  std::strerror(static_cast<int>(-step.result))));
  }
}

AdoptedTarget Carrier::ForkHalted(const ChildPlace& place, const Process& process,
                                  SnapshotTracer& tracer) {
  ForkPlan plan;
  plan.parked = static_cast<pid_t>(control_->get()->parked_thread);
  plan.threads = &tracer.threads();
  plan.mappings = &mappings_;
  plan.made_private = &made_private_;
  plan.large_pages = large_pages_.value_or(false);
  plan.timers = &timers_;
  plan.carriers_cpu = &sandbox_->cpu();
  plan.cpu = &place.sandbox->cpu();
  plan.files.carrier = pid();
  plan.files.open = &files_;
  plan.files.run_dir = sandbox_->run_dir();
  plan.files.huge_dir = sandbox_->huge_dir();
  plan.files.stdio = {place.input,
                      place.output,
                      place.terminal,
                      process.output_file().st_dev,
                      process.input_file().st_ino,
                      process.output_file().st_ino};
  plan.files.mount_namespace = place.space->MountNamespace();
  plan.files.network_fd = place.sandbox->space().network();
  for (const auto& [fd, end] : place.connections->ends()) {
    plan.files.connections[fd] = end.get();
  }
  plan.memory = {sandbox_->run_dir(), sandbox_->life_dir() / "journal", control_->path()};
  plan.pid_namespace = place.space->PidNamespace();
  plan.plan = place.hooking->plan_path();
  ChildWriter writer(*steps_, std::move(plan));
  const auto [begin, end] = writer.WriteFork();
  const auto [child_begin, child_end] = writer.WriteChild();
  protocol::SnapshotControl* const control = control_->get();
  control->child_begin = child_begin;
  control->child_end = child_end;
  control->child_plan = writer.plan_text();
  control->child_large_pages = large_pages_.value_or(false) ? 1 : 0;
  if (made_private_.size() > protocol::kSnapshotOwnFiles) {
    throw CannotCarry("it has too many shared mappings");
  }
  control->child_own_file_count = static_cast<uint32_t>(made_private_.size());
  std::transform(made_private_.begin(), made_private_.end(), control->child_own_files,
                 [](const MemoryRange& range) { return range.inode; });
  hugepages_.Tell(*control);
  const std::vector<ThreadImage> others(tracer.threads().begin() + 1, tracer.threads().end());
  // LeakSanitizer is to trace it.
  return {tracer.Fork(begin, end, others), hooking_->sanitizer_runtime().empty()};
}

// What the target maps its agent sees, in what is forked of it too.
bool Carrier::MapsUnderItsAgent() const {
  const std::vector<std::string>& hooks = hooking_->plan().hook_symbols;
  return std::any_of(hooks.begin(), hooks.end(), [](const std::string& symbol) {
    return symbol == "mmap" || symbol == "mmap64";
  });
}

// What only the carrier itself can do or see.
void Carrier::PrepareItself(SnapshotTracer& tracer) {
  const uint32_t begin = steps_->next();
  // An interval timer is not inherited.
  const itimerval none = {};
  std::vector<Argument> timers;
  for (int which = ITIMER_REAL; which <= ITIMER_PROF; ++which) {
    timers.push_back(steps_->Bytes(&none, sizeof(none)));
    steps_->Add(__NR_getitimer, {which, timers.back()}, "an interval timer");
  }
  timers_ = TimersIn(ReadProcFile(pid(), "timers"));
  const std::vector<Argument> times = AddTimerLooks(timers_, *steps_);
  const size_t known = made_private_.size();
  AddPrivateMemory(pid(), mappings_, *steps_, made_private_);
  const bool any =
      hugepages_.MakeOwn(mappings_, sandbox_->huge_dir(), *steps_) || made_private_.size() != known;
  if (!tracer.Run(begin, steps_->next())) {
    over_ = true;
    throw CannotCarry(steps_->WhatIs(control_->get()->failed_step) + ": it cannot be made private");
  }
  for (const Argument& timer : timers) {
    if (std::memcmp(control_->get()->text + timer.value + offsetof(itimerval, it_value), &none,
                    sizeof(timeval)) != 0) {
      throw CannotCarry("an interval timer of it is set");
    }
  }
  for (size_t i = 0; i < times.size(); ++i) {
    std::memcpy(&timers_[i].times, control_->get()->text + times[i].value, sizeof(itimerspec));
  }
  if (any) {
    mappings_ = MappingsOf(pid());
  }
  // A sanitizer is to see what is cleared.
  if (hooking_->sanitizer_runtime().empty()) {
    clearing_.Update(pid(), mappings_, *control_->get());
  }
  if (!large_pages_ && (!made_private_.empty() || MapsUnderItsAgent())) {
    large_pages_ = LargePagesAreCheaper(kMeasuredMb);
  }
  steps_->Clear();
}

// The calling thread sees the child's files; the carrier's are reached through its own view.
void Carrier::CopyFiles(const ChildPlace& place) {
  const fs::path root = fmt::format("/proc/{}/root", pid());
  const fs::path run_dir = sandbox_->run_dir();
  try {
    CopyTree(root / run_dir.relative_path(), run_dir, sandbox_->private_dir().filename(),
             BoundSockets(files_), run_dir);
    for (const fs::path& file : SharedMemoryFiles(files_)) {
      fs::copy_file(root / file.relative_path(), file);
    }
  } catch (const fs::filesystem_error& error) {
    throw CannotCarry(fmt::format("its files cannot be copied: {}", error.what()));
  }
  if (!place.hooking->journal().TakeOver(hooking_->journal())) {
    throw CannotCarry("its journal cannot be copied");
  }
}

}  // namespace faultline
