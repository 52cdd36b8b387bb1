#include "harness/agent/return_trace.h"

#include <unwind.h>

#include <atomic>
#include <cerrno>

#include "harness/agent/agent_state.h"
#include "harness/agent/hooks.h"
#include "harness/agent/stub.h"
#include "harness/agent/stub_layout.h"
#include "harness/agent/thread_state.h"
#include "harness/protocol/return_trace.h"

// Every sanitizer of GCC and Clang with a run-time library of its own has it.
extern "C" __attribute__((weak)) void __sanitizer_set_report_path(const char* path);

extern "C" {
// Where each probe leads to.
__attribute__((visibility("hidden"))) uint64_t faultline_probe_targets[FAULTLINE_PROBES];
}

namespace faultline::agent {
namespace {

using namespace protocol;

static_assert(kMostTracedFrames == FAULTLINE_PROBES);

std::atomic<bool> begun = false;
uint64_t* slots[FAULTLINE_PROBES];  // where each probe stands on the stack
uint32_t traced_stack = kNone;      // row of the journal's stack table

uint64_t Begin() { return reinterpret_cast<uint64_t>(&faultline_probes); }

uint64_t AddressOfProbe(uint32_t index) {
  return Begin() + index * FAULTLINE_PROBE_STRIDE + FAULTLINE_PROBE_ENTRY;
}

// The instruction does nothing where there is no shadow stack.
bool HasShadowStack() {
  uint64_t pointer = 0;
  asm volatile("rdsspq %0" : "+r"(pointer));
  return pointer != 0;
}

bool MayReplaceReturnAddresses() {
  return &__sanitizer_set_report_path == nullptr && !HasShadowStack();
}

}  // namespace

void TraceReturns(Call& call) {
  if (begun.exchange(true, std::memory_order_relaxed) || !MayReplaceReturnAddresses()) {
    return;
  }
  traced_stack = call.stack_row();
  uint32_t canonical = 0;  // frames so far
  uint32_t probes = 0;
  the_agent.walker.VisitReturns(call.unwind_start(), [&](uint64_t address, uint64_t* slot) {
    if (the_agent.walker.IsOwn(address) || the_agent.walker.IsWrapper(address)) {
      return true;
    }
    // The first is where the failed call itself returns to.
    if (canonical++ > 0) {
      faultline_probe_targets[probes] = address;
      slots[probes] = slot;
      *slot = AddressOfProbe(probes++);
    }
    return probes < FAULTLINE_PROBES;
  });
  JournalRecord record;
  record.kind = kTraced;
  record.stack = traced_stack;
  record.key = probes;
  the_agent.journal.Append(record);
}

uint64_t ThroughProbe(uint64_t address) {
  const uint64_t offset = address - Begin() - FAULTLINE_PROBE_ENTRY;
  const uint64_t index = offset / FAULTLINE_PROBE_STRIDE;
  return index < FAULTLINE_PROBES && offset % FAULTLINE_PROBE_STRIDE == 0
             ? faultline_probe_targets[index]
             : address;
}

// An exception looks for its handler, and has come to the innermost probe, of which there are none
// below the stack pointer. As it goes to the handler it must not find it any more: the frame
// outside of a probe has the same CFA, by which libgcc's unwinder knows the handler's.
extern "C" __attribute__((visibility("hidden"))) _Unwind_Reason_Code faultline_probe_personality(
    int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*) {
  if ((actions & _UA_SEARCH_PHASE) != 0) {
    const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
    for (uint32_t i = 0; i < FAULTLINE_PROBES; ++i) {
      if (reinterpret_cast<uint64_t>(slots[i]) > here && *slots[i] == AddressOfProbe(i)) {
        *slots[i] = faultline_probe_targets[i];
        break;
      }
    }
  }
  return _URC_CONTINUE_UNWIND;
}

// A probe was returned to; the frame's hook is its index.
extern "C" __attribute__((visibility("hidden"))) void faultline_after_return(CallFrame* frame) {
  const BusyScope busy;
  const int saved_errno = errno;
  if (!hook_table.inert && the_agent.journal.InOwnProcess()) {
    JournalRecord record;
    record.kind = kCameBack;
    record.index = static_cast<uint32_t>(frame->hook);
    record.stack = traced_stack;
    record.result = frame->rax;
    the_agent.journal.Append(record);
  }
  errno = saved_errno;
}

}  // namespace faultline::agent
