#include "harness/agent/observation.h"

#include "harness/agent/agent_state.h"
#include "harness/agent/conditions.h"
#include "harness/agent/thread_state.h"

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint64_t kFirstPage = 4096;  // below it no text can be

// Forgets wrapped calls that were left without returning: the stack grows down, so whatever is
// still open has its frame above this one.
void ForgetAbandonedWraps(const CallFrame* frame) {
  ThreadState& thread = this_thread;
  while (thread.open_wraps > 0 && thread.wraps[thread.open_wraps - 1].frame <= frame) {
    --thread.open_wraps;
  }
}

void OpenWrapOf(const CallFrame* frame) {
  ThreadState& thread = this_thread;
  if (thread.open_wraps < kMaxOpenWraps) {
    thread.wraps[thread.open_wraps++] = {frame, false};
  }
}

// Whether an error was noted while the frame's call ran.
bool CloseWrapOf(const CallFrame* frame) {
  ThreadState& thread = this_thread;
  while (thread.open_wraps > 0 && thread.wraps[thread.open_wraps - 1].frame < frame) {
    --thread.open_wraps;
  }
  if (thread.open_wraps == 0 || thread.wraps[thread.open_wraps - 1].frame != frame) {
    return false;
  }
  return thread.wraps[--thread.open_wraps].error_noted;
}

void NoteError() {
  for (uint32_t i = 0; i < this_thread.open_wraps; ++i) {
    this_thread.wraps[i].error_noted = true;
  }
}

void CopyLabel(uint64_t address, char (&label)[kLabelSize]) {
  size_t size = 0;
  if (address >= kFirstPage) {
    const char* text = reinterpret_cast<const char*>(address);
    for (; size + 1 < kLabelSize && text[size] != '\0'; ++size) {
      label[size] = text[size];
    }
  }
  label[size] = '\0';
}

// What an observer that knows it before the call takes for the key.
uint64_t KeyOf(const PlanObserver& observer, const uint64_t (&arguments)[6]) {
  if (observer.key < 6) {
    return arguments[observer.key];
  }
  if (observer.key < PlanObserver::kKeyPointee0 || observer.key >= PlanObserver::kKeyPointee0 + 6) {
    return 0;
  }
  const uint64_t address = arguments[observer.key - PlanObserver::kKeyPointee0];
  return address < kFirstPage ? 0 : *reinterpret_cast<const uint64_t*>(address);
}

void FillPending(Call& call, uint32_t index, const PlanObserver& observer) {
  PendingRecord& pending = call.frame().pending;
  const auto ignored = observer.ignore_callers.In(the_agent.plan);
  pending.observer = index;
  pending.stack = call.stack_row();
  pending.stack_words = observer.stack_words;
  pending.flags = (the_agent.modules.InRanges(ignored, call.caller() - 1)
                       ? uint32_t{JournalRecord::kFromIgnoredCaller}
                       : 0) |
                  (this_thread.open_wraps > 0 ? uint32_t{JournalRecord::kInsideWrap} : 0);
  pending.key = KeyOf(observer, call.frame().arguments);
  CopyLabel(observer.label == kNone ? 0 : call.frame().arguments[observer.label], pending.label);
}

void Record(const PendingRecord& pending, uint64_t result, uint32_t more_flags) {
  const PlanHeader* plan = the_agent.plan;
  JournalRecord record;
  record.kind = JournalRecord::kObserved;
  record.flags = static_cast<uint16_t>(pending.flags | more_flags);
  record.index = pending.observer;
  record.stack = pending.stack;
  record.result = result;
  const uint32_t key = plan->observers.In(plan)[pending.observer].key;
  record.key = key == PlanObserver::kKeyResult ? result : pending.key;
  __builtin_memcpy(record.label, pending.label, sizeof(record.label));
  the_agent.journal.Append(record);
}

}  // namespace

bool Observe(Call& call, uint32_t index, bool failed) {
  const PlanHeader* plan = the_agent.plan;
  const PlanObserver& observer = plan->observers.In(plan)[index];
  if (!ConditionsHold(observer.conditions.In(plan), call.frame().arguments)) {
    return false;
  }
  ForgetAbandonedWraps(&call.frame());
  if (observer.is_error_note != 0) {
    if (!failed) {
      NoteError();
    }
    return false;
  }
  if (failed && observer.wrap == 0) {
    return false;  // it did not happen, and there is no result to tell
  }
  if (!call.in_own_process()) {
    return false;
  }
  FillPending(call, index, observer);
  if (failed) {
    Record(call.frame().pending, call.frame().rax, JournalRecord::kErrorNoted);
    return false;
  }
  if (observer.wrap == 0) {
    Record(call.frame().pending, 0, 0);
    return false;
  }
  OpenWrapOf(&call.frame());
  return true;
}

void FinishObserved(CallFrame& frame) {
  const bool error_noted = CloseWrapOf(&frame);
  Record(frame.pending, frame.rax, error_noted ? uint32_t{JournalRecord::kErrorNoted} : 0);
}

}  // namespace faultline::agent
