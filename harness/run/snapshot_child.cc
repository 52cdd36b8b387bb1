#include "harness/run/snapshot_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace faultline {
namespace {

using protocol::SnapshotStep;
using Argument = SnapshotSteps::Argument;

constexpr uint64_t kHere = static_cast<uint64_t>(AT_FDCWD);
constexpr uint64_t kStackBytes = 16384;

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

ChildWriter::ChildWriter(SnapshotSteps& steps, ForkPlan plan)
    : steps_(steps), plan_(std::move(plan)) {}

ChildWriter::Range ChildWriter::WriteFork() {
  const uint32_t begin = steps_.next();
  const Argument own =
      steps_.Add(__NR_openat, {kHere, steps_.Text("/proc/self/ns/pid"), O_RDONLY | O_CLOEXEC, 0},
                 "its process ids");
  const Argument other =
      steps_.Add(__NR_openat, {kHere, steps_.Text(plan_.pid_namespace), O_RDONLY | O_CLOEXEC, 0},
                 "the child's process ids");
  opened_ = {own, other};
  if (!plan_.files.connections.empty()) {
    // As long as the machine's process ids are seen.
    plan_.files.harness = steps_.Add(__NR_pidfd_open, {getpid(), 0}, "its connections");
    opened_.push_back(plan_.files.harness);
  }
  steps_.Add(__NR_setns, {other, CLONE_NEWPID}, "the child's process ids");
  const pid_t id = plan_.files.carrier;
  clone_args arguments = {};
  arguments.flags = CLONE_PARENT;  // the harness reaps it
  arguments.set_tid = steps_.AddressOf(steps_.Bytes(&id, sizeof(id)));
  arguments.set_tid_size = 1;
  steps_.Add(SnapshotStep::kFork, {steps_.Bytes(&arguments, sizeof(arguments)), sizeof(arguments)},
             "the fork");
  steps_.Add(__NR_setns, {own, CLONE_NEWPID}, "its process ids");
  for (const Argument& fd : opened_) {
    steps_.Add(__NR_close, {fd}, "");
  }
  return {begin, steps_.next()};
}

ChildWriter::Range ChildWriter::WriteChild() {
  const std::vector<ThreadImage>& threads = *plan_.threads;
  std::vector<Range> own_steps;  // of the other threads
  for (auto thread = threads.begin() + 1; thread != threads.end(); ++thread) {
    const uint32_t begin = steps_.next();
    AddOwn(*thread);
    AddRseq(*thread, 0);
    own_steps.emplace_back(begin, steps_.next());
  }
  const uint32_t begin = steps_.next();
  AddDescriptors(plan_.files, steps_);
  for (const Argument& fd : opened_) {
    steps_.Add(__NR_close, {fd}, "");
  }
  AddMappings(plan_.memory, *plan_.mappings, steps_);
  // What nobody has written to yet comes in large pages: a target that clears all its memory at its
  // end (1 GiB, SPDK without hugepages) takes 512 times fewer page faults.
  for (const MemoryRange& range :
       plan_.large_pages ? *plan_.made_private : std::vector<MemoryRange>()) {
    steps_.Add(__NR_madvise, {range.begin, range.bytes, MADV_HUGEPAGE}, "large pages",
               /*may_fail=*/true);
  }
  plan_text_ = static_cast<uint32_t>(steps_.Text(plan_.plan.string()).value);
  const auto parked = std::find_if(threads.begin(), threads.end(),
                                   [&](const ThreadImage& one) { return one.tid == plan_.parked; });
  if (parked != threads.begin()) {
    AddRseq(*parked, /*RSEQ_FLAG_UNREGISTER*/ 1);
    AddRseq(threads.front(), 0);
  }
  AddThreads(own_steps);
  AddTimers(*plan_.timers, steps_);
  AddOwn(threads.front());
  steps_.Add(__NR_set_tid_address, {threads.front().tid_address}, "the main thread");
  return {begin, steps_.next()};
}

// What every thread has to do for itself.
void ChildWriter::AddOwn(const ThreadImage& thread) {
  const std::string what = fmt::format("thread {}", thread.name);
  if (thread.robust_size != 0) {
    steps_.Add(__NR_set_robust_list, {thread.robust_list, thread.robust_size}, what);
  }
  steps_.Add(__NR_prctl, {PR_SET_NAME, steps_.Text(thread.name)}, what);
  // The first thread of the child has the parked one's by itself.
  const bool inherits = &thread == &plan_.threads->front() && thread.tid == plan_.parked;
  if (!inherits) {
    steps_.Add(__NR_sigaltstack,
               {steps_.Bytes(&thread.signal_stack, sizeof(thread.signal_stack)), 0}, what);
  }
  const cpu_set_t cpus = WithOtherCpus(thread.cpus, *plan_.carriers_cpu, *plan_.cpu);
  steps_.Add(__NR_sched_setaffinity, {0, sizeof(cpus), steps_.Bytes(&cpus, sizeof(cpus))}, what,
             /*may_fail=*/true);
}

void ChildWriter::AddRseq(const ThreadImage& thread, int flags) {
  const __ptrace_rseq_configuration& rseq = thread.rseq;
  if (rseq.rseq_abi_pointer != 0) {
    steps_.Add(__NR_rseq, {rseq.rseq_abi_pointer, rseq.rseq_abi_size, flags, rseq.signature},
               "restartable sequences");
  }
}

void ChildWriter::AddThreads(const std::vector<Range>& own_steps) {
  const std::vector<ThreadImage>& threads = *plan_.threads;
  const uint64_t stacks = FreeAddress(*plan_.mappings, threads.size() * kStackBytes);
  steps_.Add(__NR_mmap,
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
    arguments.set_tid = steps_.AddressOf(steps_.Bytes(&thread.tid, sizeof(thread.tid)));
    arguments.set_tid_size = 1;
    steps_.Add(SnapshotStep::kThread,
               {steps_.Bytes(&arguments, sizeof(arguments)), sizeof(arguments),
                own_steps[i - 1].first, own_steps[i - 1].second},
               fmt::format("thread {}", thread.name));
  }
}

}  // namespace faultline
