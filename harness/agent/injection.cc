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

}  // namespace

bool Inject(Call& call, uint32_t point_index, const Verdict& verdict) {
  const PlanHeader* plan = the_agent.plan;
  const PlanPoint& point = plan->points.In(plan)[point_index];
  const PlanRule& rule = verdict.rule == kNone ? kByHand : plan->rules.In(plan)[verdict.rule];
  const bool fails = rule.action == PlanRule::kFail;
  const uint64_t result = (rule.has_override & kOverridesResult) != 0
                              ? static_cast<uint64_t>(rule.result_override)
                              : point.result;
  if (IsRecorded(verdict)) {
    JournalRecord record = RecordOf(JournalRecord::kInjected, call, point_index, verdict);
    record.result = fails ? result : 0;
    static_assert(sizeof(call.frame().arguments) == kArguments * sizeof(uint64_t));
    std::memcpy(record.label, call.frame().arguments, sizeof(call.frame().arguments));
    the_agent.journal.Append(record);
  }
  faultline_injected_call(point.name.CString(plan));
  if (rule.action == PlanRule::kStop) {
    StopThread();
    return false;
  }
  if (!fails) {
    SendSignal(rule.signal);
    return false;
  }
  call.frame().rax = result;
  SetErrorVariable(point);
  const int error =
      (rule.has_override & kOverridesErrno) != 0 ? rule.errno_override : point.errno_value;
  if (error != 0) {
    errno = error;
  }
  return true;
}

}  // namespace faultline::agent
