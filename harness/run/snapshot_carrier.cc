#include "harness/run/snapshot_carrier.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>
#include <system_error>

#include "harness/base/line_pattern.h"
#include "harness/run/live_run.h"
#include "harness/run/snapshot_files.h"
#include "harness/run/snapshot_memory.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using protocol::CarrierCommand;
using protocol::CarrierState;
using protocol::JournalRecord;
using protocol::SnapshotStep;
using Argument = SnapshotSteps::Argument;

constexpr uint64_t kHere = static_cast<uint64_t>(AT_FDCWD);
constexpr int kForkLimitMs = 10'000;
constexpr int kStartLimitMs = 60'000;
// A carrier that is ready and makes no wanted call for so long waits for a client.
constexpr int kIdleMs = 200;
constexpr uint64_t kStackBytes = 16384;

Scenario WithoutFaults(Scenario scenario) {
  scenario.faults.clear();
  return scenario;
}

// Regular files, links and fifos below `from`, and sockets that nobody will bind; but nothing below
// `left_out`.
void CopyTree(const fs::path& from, const fs::path& to, const fs::path& left_out,
              const std::set<fs::path>& bound, const fs::path& seen_as) {
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path name = entry.path().filename();
    const fs::path target = to / name;
    struct stat status {};
    if (name == left_out || lstat(entry.path().c_str(), &status) != 0) {
      continue;
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR:
        fs::create_directory(target);
        CopyTree(entry.path(), target, "", bound, seen_as / name);
        break;
      case S_IFLNK:
        fs::copy_symlink(entry.path(), target);
        continue;
      case S_IFREG:
        fs::copy_file(entry.path(), target);
        break;
      case S_IFSOCK:
        if (bound.contains(seen_as / name)) {
          continue;
        }
        [[fallthrough]];
      default:
        if (mknod(target.c_str(), status.st_mode, status.st_rdev) != 0) {
          throw CannotCarry(fmt::format("{}: it cannot be copied", entry.path().string()));
        }
    }
    chmod(target.c_str(), status.st_mode & 07777);
  }
}

// A thread that is bound to a CPU of the carrier's gets one of the child's.
cpu_set_t WithOtherCpus(const cpu_set_t& cpus, const CpuClaim& carrier, const CpuClaim& child) {
  cpu_set_t mapped;
  CPU_ZERO(&mapped);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) {
      CPU_SET(cpu == carrier.cpu()          ? child.cpu()
              : cpu == carrier.second_cpu() ? child.second_cpu()
                                            : cpu,
              &mapped);
    }
  }
  return mapped;
}

}  // namespace

Carrier::Carrier(const RunRequest& request, std::optional<SiteCall> first)
    : scenario_(WithoutFaults(request.scenario)),
      profile_(request.profile),
      catalogue_(request.catalogue),
      request_{scenario_, profile_, catalogue_} {
  request_.program = request.program;
  request_.executed_program = request.executed_program;
  request_.agent = request.agent;
  request_.limits_ms = request.limits_ms;
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
  if (!hooking_->wanted() || !hooking_->sanitizer_runtime().empty()) {
    throw CannotCarry(hooking_->wanted() ? "a sanitizer is in it" : "nothing is hooked");
  }
  const SpawnOptions options = WithAgent(*sandbox_, request_, *hooking_);
  watch_ = Guardian::Get().WatchRun(options.run_id);  // its children have the same
  process_ = std::make_unique<Process>(options);
}

Carrier::~Carrier() { process_->Finish(0); }

void Carrier::TakeIn() {
  char buffer[65536];
  ssize_t got = 0;
  while ((got = read(process_->output_fd(), buffer, sizeof(buffer))) > 0) {
    said_.append(buffer, static_cast<size_t>(got));
  }
}

bool Carrier::IsReady() const {
  const ReadyCondition& ready = profile_.ready;
  switch (ready.kind) {
    case ReadyCondition::Kind::kRpcSocket: {
      std::error_code error;
      return fs::exists(sandbox_->rpc_socket(), error);
    }
    default:
      return false;  // it is when it does no more
  }
}

bool Carrier::WaitFor(const std::function<bool()>& met) {
  constexpr timespec kLookAgain = {.tv_sec = 0, .tv_nsec = 1'000'000};
  const Deadline end = InMs(kStartLimitMs);
  Deadline idle_until = kNoDeadline;
  bool was_ready = false;
  uint64_t calls = 0;
  while (!met()) {
    TakeIn();
    process_->OnEvent();
    // What it calls without being asked for (a poll every second) does not count for ever.
    const uint64_t now = was_ready ? calls : hooking_->journal().CallsOfHooks();
    was_ready = was_ready || IsReady();
    if (now != calls || idle_until == kNoDeadline) {
      idle_until = InMs(was_ready ? kIdleMs : 5 * kIdleMs);
    }
    calls = now;
    if (process_->exited() || Clock::now() >= end || Clock::now() >= idle_until) {
      TakeIn();
      return met();
    }
    control_ ? AwaitChange(control_->get(), CarrierState::kRuns)
             : static_cast<void>(nanosleep(&kLookAgain, nullptr));
  }
  TakeIn();
  return true;
}

void Carrier::StopAt(const SiteCall& call) {
  control_->get()->wanted_occurrence.store(call.occurrence);
  control_->get()->wanted_site.store(call.site);
}

bool Carrier::GoTo(const SiteCall& call) {
  protocol::SnapshotControl* const control = control_->get();
  StopAt(call);
  if (control->state.load() == CarrierState::kParked) {
    control->state.store(CarrierState::kRuns);
    GiveCommand(control, CarrierCommand::kGoOn);
  }
  return AwaitStop();
}

bool Carrier::AwaitStop() {
  over_ = !WaitFor([&] { return control_->get()->state.load() == CarrierState::kParked; });
  return !over_;
}

std::vector<SiteCall> Carrier::Explore() {
  WaitFor([] { return false; });
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

// What a forked process does not have, and nobody can give it.
void Carrier::CheckWhatStaysBehind() const {
  if (!ReadProcFile(pid(), "timers").empty()) {
    throw CannotCarry("it has timers (timer_create)");
  }
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

AdoptedTarget Carrier::Fork(const ChildPlace& place) {
  SnapshotTracer tracer(pid(), static_cast<pid_t>(control_->get()->parked_thread), control_->get(),
                        InMs(kForkLimitMs));
  tracer.Halt();
  CheckWhatStaysBehind();
  mappings_ = MappingsOf(pid());
  const auto mapped = std::find_if(mappings_.begin(), mappings_.end(), [&](const Mapping& one) {
    return one.path == control_->path();
  });
  if (mapped == mappings_.end()) {
    throw CannotCarry("its agent has lost its control file");
  }
  steps_ = std::make_unique<SnapshotSteps>(control_->get(), mapped->begin);
  MakeMemoryPrivate(tracer);
  CopyFiles(place);
  SayAgain(place);
  try {
    const auto [begin, end] = WriteFork(place);
    const auto [child_begin, child_end] = WriteChild(place, tracer);
    control_->get()->child_begin = child_begin;
    control_->get()->child_end = child_end;
    std::vector<ThreadImage> others(tracer.threads().begin() + 1, tracer.threads().end());
    return {tracer.Fork(begin, end, others)};
  } catch (const CannotCarry& why) {
    if (*why.what() != '\0') {
      throw;
    }
    over_ = control_->get()->state.load() == CarrierState::kFailed;
    const SnapshotStep& step = control_->get()->steps[control_->get()->failed_step];
    throw CannotCarry(fmt::format("{}: {}", steps_->WhatIs(control_->get()->failed_step),
                                  std::strerror(static_cast<int>(-step.result))));
  }
}

void Carrier::MakeMemoryPrivate(SnapshotTracer& tracer) {
  const uint32_t begin = steps_->next();
  // An interval timer is not inherited.
  const itimerval none = {};
  std::vector<Argument> timers;
  for (int which = ITIMER_REAL; which <= ITIMER_PROF; ++which) {
    timers.push_back(steps_->Bytes(&none, sizeof(none)));
    steps_->Add(__NR_getitimer, {which, timers.back()}, "an interval timer");
  }
  const size_t known = made_private_.size();
  AddPrivateMemory(pid(), mappings_, *steps_, made_private_);
  const bool any = made_private_.size() != known;
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
  if (any) {
    mappings_ = MappingsOf(pid());
  }
  steps_->Clear();
}

// The calling thread sees the child's files; the carrier's are reached through its own view.
void Carrier::CopyFiles(const ChildPlace& place) {
  const fs::path root = fmt::format("/proc/{}/root", pid());
  const fs::path run_dir = sandbox_->run_dir();
  try {
    CopyTree(root / run_dir.relative_path(), run_dir, sandbox_->private_dir().filename(),
             BoundSockets(pid()), run_dir);
    for (const fs::path& file : SharedMemoryFiles(pid())) {
      fs::copy_file(root / file.relative_path(), file);
    }
  } catch (const fs::filesystem_error& error) {
    throw CannotCarry(fmt::format("its files cannot be copied: {}", error.what()));
  }
  if (!place.hooking->journal().TakeOver(hooking_->journal())) {
    throw CannotCarry("its journal cannot be copied");
  }
}

// What the carrier has printed so far the child has printed, as far as anybody can tell.
void Carrier::SayAgain(const ChildPlace& place) {
  TakeIn();
  const int fd = place.output;
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const ssize_t written = write(fd, said_.data(), said_.size());
  fcntl(fd, F_SETFL, flags);
  if (written != static_cast<ssize_t>(said_.size())) {
    throw CannotCarry("it has printed more than a pipe holds");
  }
}

// What every thread has to do for itself.
void Carrier::WriteThread(const ChildPlace& place, const ThreadImage& thread) {
  SnapshotSteps& steps = *steps_;
  const std::string what = fmt::format("thread {}", thread.name);
  if (thread.robust_size != 0) {
    steps.Add(__NR_set_robust_list, {thread.robust_list, thread.robust_size}, what);
  }
  steps.Add(__NR_prctl, {PR_SET_NAME, steps.Text(thread.name)}, what);
  const cpu_set_t cpus = WithOtherCpus(thread.cpus, sandbox_->cpu(), place.sandbox->cpu());
  steps.Add(__NR_sched_setaffinity, {0, sizeof(cpus), steps.Bytes(&cpus, sizeof(cpus))}, what,
            /*may_fail=*/true);
}

Carrier::Steps Carrier::WriteChild(const ChildPlace& place, const SnapshotTracer& tracer) {
  SnapshotSteps& steps = *steps_;
  const std::vector<ThreadImage>& threads = tracer.threads();
  const auto parked = std::find_if(threads.begin(), threads.end(), [&](const ThreadImage& one) {
    return one.tid == static_cast<pid_t>(control_->get()->parked_thread);
  });
  const auto add_rseq = [&](const __ptrace_rseq_configuration& rseq, int flags) {
    if (rseq.rseq_abi_pointer != 0) {
      steps.Add(__NR_rseq, {rseq.rseq_abi_pointer, rseq.rseq_abi_size, flags, rseq.signature},
                "restartable sequences");
    }
  };
  std::vector<std::pair<uint32_t, uint32_t>> own_steps;  // of the other threads
  for (auto thread = threads.begin() + 1; thread != threads.end(); ++thread) {
    const uint32_t begin = steps.next();
    WriteThread(place, *thread);
    add_rseq(thread->rseq, 0);
    own_steps.emplace_back(begin, steps.next());
  }
  const uint32_t begin = steps.next();
  for (const Argument& fd : opened_) {
    steps.Add(__NR_close, {fd}, "");
  }
  SnapshotFilesPlan files;
  files.carrier = pid();
  files.run_dir = sandbox_->run_dir();
  files.stdio = {place.input,
                 place.output,
                 place.terminal,
                 process_->output_file().st_dev,
                 process_->input_file().st_ino,
                 process_->output_file().st_ino};
  files.mount_namespace = place.space->MountNamespace();
  files.network_fd = place.sandbox->space().network();
  AddDescriptors(files, steps);
  AddMappings({sandbox_->run_dir(), sandbox_->life_dir() / "journal", control_->path()}, mappings_,
              steps);
  control_->get()->child_plan =
      static_cast<uint32_t>(steps.Text(place.hooking->plan_path().string()).value);
  if (parked != threads.begin()) {
    add_rseq(parked->rseq, /*RSEQ_FLAG_UNREGISTER*/ 1);
    add_rseq(threads.front().rseq, 0);
  }
  // What nobody has written to yet comes in large pages: a target that clears all its memory at its
  // end (1 GiB, SPDK without hugepages) takes 512 times fewer page faults.
  for (const auto& [address, size] : made_private_) {
    steps.Add(__NR_madvise, {address, size, MADV_HUGEPAGE}, "large pages", /*may_fail=*/true);
  }
  const uint64_t stacks = FreeAddress(mappings_, threads.size() * kStackBytes);
  steps.Add(__NR_mmap,
            {stacks, threads.size() * kStackBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0},
            "its threads' first stacks");
  for (size_t i = 1; i < threads.size(); ++i) {
    const ThreadImage& thread = threads[i];
    clone_args arguments = {};
    arguments.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                      CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    arguments.child_tid = thread.tid_address;
    arguments.parent_tid = thread.tid_address;
    arguments.stack = stacks + i * kStackBytes;
    arguments.stack_size = kStackBytes;
    arguments.tls = thread.registers.fs_base;
    arguments.set_tid = steps.AddressOf(steps.Bytes(&thread.tid, sizeof(thread.tid)));
    arguments.set_tid_size = 1;
    steps.Add(SnapshotStep::kThread,
              {steps.Bytes(&arguments, sizeof(arguments)), sizeof(arguments),
               own_steps[i - 1].first, own_steps[i - 1].second},
              fmt::format("thread {}", thread.name));
  }
  WriteThread(place, threads.front());
  steps.Add(__NR_set_tid_address, {threads.front().tid_address}, "the main thread");
  return {begin, steps.next()};
}

Carrier::Steps Carrier::WriteFork(const ChildPlace& place) {
  SnapshotSteps& steps = *steps_;
  const uint32_t begin = steps.next();
  const Argument own =
      steps.Add(__NR_openat, {kHere, steps.Text("/proc/self/ns/pid"), O_RDONLY | O_CLOEXEC, 0},
                "its process ids");
  const Argument other = steps.Add(
      __NR_openat, {kHere, steps.Text(place.space->PidNamespace()), O_RDONLY | O_CLOEXEC, 0},
      "the child's process ids");
  opened_ = {own, other};
  steps.Add(__NR_setns, {other, CLONE_NEWPID}, "the child's process ids");
  const pid_t id = pid();
  const Argument ids = steps.Bytes(&id, sizeof(id));
  clone_args arguments = {};
  arguments.flags = CLONE_PARENT;  // the harness reaps it
  arguments.set_tid = steps.AddressOf(ids);
  arguments.set_tid_size = 1;
  steps.Add(SnapshotStep::kFork, {steps.Bytes(&arguments, sizeof(arguments)), sizeof(arguments)},
            "the fork");
  steps.Add(__NR_setns, {own, CLONE_NEWPID}, "its process ids");
  steps.Add(__NR_close, {own}, "");
  steps.Add(__NR_close, {other}, "");
  return {begin, steps.next()};
}

}  // namespace faultline
