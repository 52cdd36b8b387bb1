#include "harness/agent/snapshot_steps.h"

#include <signal.h>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using namespace protocol;

asm(R"(
.pushsection .text
.hidden faultline_call_instruction
.globl faultline_call_instruction
.type faultline_call_instruction, @function
faultline_call_instruction:
  syscall
  ud2
.size faultline_call_instruction, . - faultline_call_instruction
.popsection
)");

struct ThreadStart {
  SnapshotControl* control;
  uint32_t begin;
  uint32_t end;
};

// The first function of a new thread. It may use thread-local storage, but that is another
// thread's in all but name until the registers are there.
extern "C" [[noreturn]] __attribute__((used, visibility("hidden"))) void faultline_snapshot_thread(
    const ThreadStart* start) {
  SnapshotControl* const control = start->control;
  if (RunSteps(control, start->begin, start->end) == StepsEnd::kFailed) {
    control->child_failed.store(1, std::memory_order_release);
    Syscall(__NR_exit_group, 127);
  }
  for (;;) {
    Syscall(__NR_tgkill, Syscall(__NR_getpid), Syscall(__NR_gettid), SIGSTOP);
  }
}

// clone3(2) of a thread whose stack begins anew: it does not return from here.
long CloneThread(uint64_t arguments, uint64_t size, const ThreadStart* start) {
  long result = __NR_clone3;
  register const ThreadStart* r8 asm("r8") = start;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r8, %%rdi\n\t"
      "call faultline_snapshot_thread\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(arguments), "S"(size), "r"(r8)
      : "rcx", "r11", "memory");
  return result;
}

uint64_t Meaning(const SnapshotControl* control, const SnapshotStep& step, int argument) {
  const uint64_t value = step.arguments[argument];
  switch (step.kinds[argument]) {
    case SnapshotStep::kText:
      return reinterpret_cast<uint64_t>(control->text + value);
    case SnapshotStep::kResult:
      return static_cast<uint64_t>(control->steps[value].result);
    case SnapshotStep::kNumber:
      return static_cast<uint64_t>(
          int64_t{*reinterpret_cast<const int32_t*>(control->text + value)});
    default:
      return value;
  }
}

long RunOne(SnapshotControl* control, const SnapshotStep& step) {
  uint64_t arguments[6];
  for (int i = 0; i < 6; ++i) {
    arguments[i] = Meaning(control, step, i);
  }
  switch (step.call) {
    case SnapshotStep::kCopy:
      CopyBytes(reinterpret_cast<void*>(arguments[0]),
                reinterpret_cast<void*>(arguments[1] + arguments[3]), arguments[2]);
      return 0;
    case SnapshotStep::kEqual:
      return arguments[0] == arguments[1] ? 0 : -1;
    case SnapshotStep::kFork:
      return Syscall(__NR_clone3, arguments[0], arguments[1]);
    case SnapshotStep::kThread: {
      // On the new thread's stack, where it outlives this call.
      struct Arguments {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size;
      };
      auto* clone = reinterpret_cast<Arguments*>(arguments[0]);
      auto* start = reinterpret_cast<ThreadStart*>(clone->stack);
      *start = {control, static_cast<uint32_t>(arguments[2]), static_cast<uint32_t>(arguments[3])};
      return CloneThread(arguments[0], arguments[1], start);
    }
    default:
      return Syscall(step.call, arguments[0], arguments[1], arguments[2], arguments[3],
                     arguments[4], arguments[5]);
  }
}

}  // namespace

StepsEnd RunSteps(SnapshotControl* control, uint32_t begin, uint32_t end) {
  for (uint32_t i = begin; i < end && i < kSnapshotSteps; ++i) {
    SnapshotStep& step = control->steps[i];
    const long result = RunOne(control, step);
    if (step.call == SnapshotStep::kFork && result == 0) {
      return StepsEnd::kChild;
    }
    step.result = result;
    if (IsError(result) && step.may_fail == 0) {
      control->failed_step = i;
      return StepsEnd::kFailed;
    }
  }
  return StepsEnd::kDone;
}

}  // namespace faultline::agent
