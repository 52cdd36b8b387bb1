#include "harness/agent/injection.h"

#include <signal.h>

#include <cerrno>
#include <cstring>

#include "harness/agent/agent_state.h"
#include "harness/agent/raw.h"
#include "harness/agent/thread_state.h"

extern "C" void* __tls_get_addr(void* index);

extern "C" __attribute__((noinline, visibility("default"))) void faultline_injected_call(
    const char* point) {
  asm volatile("" : : "r"(point) : "memory");  // else the call would be optimised away
}

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint32_t kOverridesResult = 1u << 0;
constexpr uint32_t kOverridesErrno = 1u << 1;
constexpr size_t kLongestPath = 4096;

// A rule without overrides, for points switched on by hand.
constexpr PlanRule kByHand;

void SetErrorVariable(const PlanPoint& point) {
  if (point.error_variable == kNone) {
    return;
  }
  const PlanErrorVariable& variable =
      the_agent.plan->error_variables.In(the_agent.plan)[point.error_variable];
  const LoadedModule* module = the_agent.modules.OfPlan(variable.module);
  if (module == nullptr || module->tls_id == 0) {
    return;
  }
  // The argument that compilers pass, see "ELF Handling For Thread-Local Storage" (Drepper), 3.4.6.
  struct {
    uint64_t module;
    uint64_t offset;
  } index{module->tls_id, variable.offset};
  *static_cast<int*>(__tls_get_addr(&index)) = point.error_value;
}

// A call that is made again at once when it fails (a loop around epoll_wait) would fill the
// journal, and what the target did afterwards would be lost.
bool IsRecorded(const Verdict& verdict) {
  return verdict.rule == kNone || the_agent.journal.rules()[verdict.rule].hits.load(
                                      std::memory_order_relaxed) <= kMostInjectedRecords;
}

// The thread counts as outside the agent meanwhile: the kernel may run the target's handler on it.
void SendSignal(int signal) {
  const uint32_t busy = this_thread.busy;
  this_thread.busy = 0;
  Syscall(__NR_kill, the_agent.journal.pid(), signal);
  this_thread.busy = busy;
}

// SIGSTOP cannot be blocked, and sent to the own thread it comes before the call returns. Untraced
// the process would stop for good, so the harness asks for this only where it traces.
void StopThread() {
  siginfo_t info = {};
  info.si_signo = SIGSTOP;
  info.si_code = SI_QUEUE;
  info.si_value.sival_int = kStopMark;
  Syscall(__NR_rt_tgsigqueueinfo, the_agent.journal.pid(), Syscall(__NR_gettid), SIGSTOP, &info);
}

// The path behind a descriptor, its end when it is too long.
void NameFile(int fd, char (&label)[kLabelSize]) {
  char link[] = "/proc/self/fd/0000000000";
  char* digit = link + sizeof(link) - 1;
  char* const first = link + sizeof("/proc/self/fd/") - 1;
  for (auto rest = static_cast<uint32_t>(fd); digit > first; rest /= 10) {
    *--digit = static_cast<char>('0' + rest % 10);
  }
  while (*digit == '0' && digit[1] != '\0') {
    ++digit;
  }
  // The kernel takes no leading zeros.
  char* end = first;
  while (*digit != '\0') {
    *end++ = *digit++;
  }
  *end = '\0';
  char path[kLongestPath];
  const long size = Syscall(__NR_readlink, link, path, sizeof(path));
  if (IsError(size)) {
    return;
  }
  const size_t kept =
      static_cast<size_t>(size) < kLabelSize ? static_cast<size_t>(size) : kLabelSize - 1;
  CopyBytes(label, path + size - kept, kept);
  label[kept] = '\0';
}

const PlanRule& RuleOf(uint32_t rule) {
  return rule == kNone ? kByHand : the_agent.plan->rules.In(the_agent.plan)[rule];
}

uint64_t ResultOf(const PlanPoint& point, const PlanRule& rule) {
  return (rule.has_override & kOverridesResult) != 0 ? static_cast<uint64_t>(rule.result_override)
                                                     : point.result;
}

int ErrnoOf(const PlanPoint& point, const PlanRule& rule) {
  return (rule.has_override & kOverridesErrno) != 0 ? rule.errno_override : point.errno_value;
}

}  // namespace

Injected Inject(Call& call, uint32_t point_index, const Verdict& verdict) {
  const PlanHeader* plan = the_agent.plan;
  const PlanPoint& point = plan->points.In(plan)[point_index];
  const PlanRule& rule = RuleOf(verdict.rule);
  const bool fails = rule.action == PlanRule::kFail;
  const uint64_t result = ResultOf(point, rule);
  if (IsRecorded(verdict)) {
    JournalRecord record = RecordOf(JournalRecord::kInjected, call, point_index, verdict);
    record.result = fails ? result : 0;
    static_assert(sizeof(call.frame().arguments) == kArguments * sizeof(uint64_t));
    std::memcpy(record.label, call.frame().arguments, sizeof(call.frame().arguments));
    the_agent.journal.Append(record);
    if (fails && point.held_file != kNone) {
      JournalRecord held = RecordOf(JournalRecord::kHeldFile, call, point_index, verdict);
      NameFile(static_cast<int>(call.frame().arguments[point.held_file]), held.label);
      the_agent.journal.Append(held);
    }
  }
  faultline_injected_call(point.name.CString(plan));
  if (rule.action == PlanRule::kStop) {
    StopThread();
    return {};
  }
  if (!fails) {
    SendSignal(rule.signal);
    return {};
  }
  if (point.after_call != 0 || point.replacements.count != 0) {
    return {Effect::kFailByCall, point_index, verdict.rule};
  }
  call.frame().rax = result;
  SetErrorVariable(point);
  if (const int error = ErrnoOf(point, rule); error != 0) {
    errno = error;
  }
  return {Effect::kFail, point_index, verdict.rule};
}

void PrepareFailingCall(CallFrame& frame, const Injected& injected) {
  const PlanHeader* plan = the_agent.plan;
  const PlanPoint& point = plan->points.In(plan)[injected.point];
  PendingRecord& pending = frame.pending;
  pending.failed_point = injected.point;
  pending.failed_rule = injected.rule;
  for (const PlanReplacement& replacement : point.replacements.In(plan)) {
    uint64_t& argument = frame.arguments[replacement.argument];
    switch (replacement.kind) {
      case PlanReplacement::kText:
        argument = reinterpret_cast<uint64_t>(replacement.text.CString(plan));
        break;
      case PlanReplacement::kNumber:
        argument = replacement.value;
        break;
      case PlanReplacement::kPointee:
        if (argument >= kPageSize) {
          pending.restore_at = argument + replacement.offset;
          pending.restore_width = replacement.width;
          auto* place = reinterpret_cast<void*>(pending.restore_at);
          CopyBytes(&pending.restored, place, replacement.width);
          CopyBytes(place, &replacement.value, replacement.width);
        }
        break;
    }
  }
}

int FinishFailingCall(CallFrame& frame) {
  const PendingRecord& pending = frame.pending;
  if (pending.failed_point == kNone) {
    return 0;
  }
  if (pending.restore_at != 0) {
    CopyBytes(reinterpret_cast<void*>(pending.restore_at), &pending.restored,
              pending.restore_width);
  }
  const PlanPoint& point = the_agent.plan->points.In(the_agent.plan)[pending.failed_point];
  const PlanRule& rule = RuleOf(pending.failed_rule);
  if (point.after_call != 0 || (rule.has_override & kOverridesResult) != 0) {
    frame.rax = ResultOf(point, rule);
  }
  SetErrorVariable(point);
  return ErrnoOf(point, rule);
}

}  // namespace faultline::agent
