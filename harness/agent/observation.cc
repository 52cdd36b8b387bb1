#include "harness/agent/observation.h"

#include <sys/stat.h>

#include <string_view>

#include "harness/agent/agent_state.h"
#include "harness/agent/conditions.h"
#include "harness/agent/raw.h"
#include "harness/agent/thread_state.h"

namespace faultline::agent {
namespace {

using namespace protocol;

// Copied for a function of whose arguments nothing is known. What lies above the return address is
// its caller's frame, so that this much can be read.
constexpr uint32_t kWatchedStackWords = 32;

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
    thread.wraps[thread.open_wraps++] = {frame, false, false};
  }
}

// What happened while the frame's call ran.
OpenWrap CloseWrapOf(const CallFrame* frame) {
  ThreadState& thread = this_thread;
  while (thread.open_wraps > 0 && thread.wraps[thread.open_wraps - 1].frame < frame) {
    --thread.open_wraps;
  }
  if (thread.open_wraps == 0 || thread.wraps[thread.open_wraps - 1].frame != frame) {
    return {frame, false, false};
  }
  return thread.wraps[--thread.open_wraps];
}

void NoteError() {
  for (uint32_t i = 0; i < this_thread.open_wraps; ++i) {
    this_thread.wraps[i].error_noted = true;
  }
}

void CopyLabel(uint64_t address, char (&label)[kLabelSize]) {
  size_t size = 0;
  if (MayBeAddress(address)) {
    const char* text = reinterpret_cast<const char*>(address);
    for (; size + 1 < kLabelSize && text[size] != '\0'; ++size) {
      label[size] = text[size];
    }
  }
  label[size] = '\0';
}

bool IsPointee(const PlanObserver& observer) {
  return observer.key >= PlanObserver::kKeyPointee0 &&
         observer.key < PlanObserver::kKeyPointee0 + 6;
}

uint64_t WordAt(uint64_t address) {
  return MayBeAddress(address) ? *reinterpret_cast<const uint64_t*>(address) : 0;
}

// What an observer that knows it before the call takes for the key; of a wrapped call whose key is
// what an argument points at, the address: the call may be what stores it there.
uint64_t KeyOf(const PlanObserver& observer, const uint64_t (&arguments)[6]) {
  if (observer.key < 6) {
    return arguments[observer.key];
  }
  if (!IsPointee(observer)) {
    return 0;
  }
  const uint64_t address = arguments[observer.key - PlanObserver::kKeyPointee0];
  return observer.wrap != 0 ? address : WordAt(address);
}

// The key once the call has returned, or was made to fail, which has stored nothing.
uint64_t KeyAtEnd(const PlanObserver& observer, const PendingRecord& pending, uint64_t result,
                  uint32_t flags) {
  if (observer.key == PlanObserver::kKeyResult) {
    return result;
  }
  if (!IsPointee(observer) || observer.wrap == 0) {
    return pending.key;
  }
  return (flags & JournalRecord::kErrorNoted) != 0 ? 0 : WordAt(pending.key);
}

// Which file a call that opens one has opened, whatever its name is then or later; 0: not known.
// The harness tells by it who has made what lies in a directory that several targets share, see
// FileIdentity in harness/run/seat.cc.
uint64_t OpenedFile(const PlanHeader* plan, const PlanObserver& observer, uint64_t result) {
  constexpr char kOpens[] = "fd/open";
  const std::string_view name = observer.name.In(plan);
  for (size_t i = 0; i + 1 < sizeof(kOpens); ++i) {
    if (i >= name.size() || name[i] != kOpens[i]) {
      return 0;
    }
  }
  const int fd = static_cast<int>(result);
  struct stat status {};
  if (fd < 0 || IsError(Syscall(__NR_fstat, fd, &status))) {
    return 0;
  }
  return HashMix(HashMix(0, status.st_dev), status.st_ino);
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
  record.occurrence = OpenedFile(plan, plan->observers.In(plan)[pending.observer], result);
  record.key = KeyAtEnd(plan->observers.In(plan)[pending.observer], pending, result, more_flags);
  __builtin_memcpy(record.label, pending.label, sizeof(record.label));
  the_agent.journal.Append(record);
}

// True when the observer wants to see the result.
bool JournalObserved(Call& call, uint32_t index, bool failed) {
  const PlanHeader* plan = the_agent.plan;
  const PlanObserver& observer = plan->observers.In(plan)[index];
  if (!ConditionsHold(observer.conditions.In(plan), call.arguments())) {
    return false;
  }
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
  return true;
}

void AppendWatched(uint16_t kind, const PendingRecord& pending, uint32_t flags, uint64_t result) {
  JournalRecord record;
  record.kind = kind;
  record.flags = static_cast<uint16_t>(flags);
  record.index = pending.watched_point;
  record.stack = pending.stack;
  record.site = pending.watched_site;
  record.occurrence = pending.watched_occurrence;
  record.result = result;
  the_agent.journal.Append(record);
}

void FillWatched(Call& call, const WatchedCall& watched, bool observed) {
  PendingRecord& pending = call.frame().pending;
  if (!observed) {
    pending.observer = kNone;
    pending.stack = call.stack_row();
    pending.stack_words = kWatchedStackWords;
  }
  pending.watched_point = watched.point;
  pending.watched_site = watched.verdict.site;
  pending.watched_occurrence = watched.verdict.occurrence;
  pending.failed_point = kNone;
  pending.restore_at = 0;
}

}  // namespace

bool Observe(Call& call, uint32_t observer, Effect effect, const WatchedCall& watched) {
  ForgetAbandonedWraps(&call.frame());
  const bool failed = effect == Effect::kFail;
  const bool observed = observer != kNone && JournalObserved(call, observer, failed);
  if (failed || (!observed && watched.point == kNone && effect == Effect::kGoOn)) {
    return false;
  }
  FillWatched(call, watched, observed);
  OpenWrapOf(&call.frame());
  return true;
}

void NoteHit(Call& call) {
  ForgetAbandonedWraps(&call.frame());
  ThreadState& thread = this_thread;
  for (uint32_t i = 0; i < thread.open_wraps; ++i) {
    OpenWrap& wrap = thread.wraps[i];
    if (!wrap.hit && wrap.frame->pending.watched_point != kNone) {
      AppendWatched(JournalRecord::kHitBelow, wrap.frame->pending, 0, 0);
    }
    wrap.hit = true;
  }
}

void FinishWrapped(CallFrame& frame) {
  const OpenWrap wrap = CloseWrapOf(&frame);
  const PendingRecord& pending = frame.pending;
  if (pending.observer != kNone) {
    Record(pending, frame.rax, wrap.error_noted ? uint32_t{JournalRecord::kErrorNoted} : 0);
  }
  if (pending.watched_point != kNone &&
      (wrap.hit || pending.watched_occurrence <= kMostRecordedReturns)) {
    const uint32_t flags = (wrap.error_noted ? uint32_t{JournalRecord::kErrorNoted} : 0) |
                           (wrap.hit ? uint32_t{JournalRecord::kHitInside} : 0);
    AppendWatched(JournalRecord::kReturned, pending, flags, frame.rax);
  }
}

}  // namespace faultline::agent
