#include <cerrno>

#include "harness/agent/agent_state.h"
#include "harness/agent/call.h"
#include "harness/agent/conditions.h"
#include "harness/agent/injection.h"
#include "harness/agent/loader_hook.h"
#include "harness/agent/observation.h"
#include "harness/agent/return_trace.h"
#include "harness/agent/stub.h"
#include "harness/agent/thread_state.h"

// Calls that need more than being counted. The stub has saved the vector registers, so from here on
// libc may be used; hooked functions that this calls go straight on, since the thread is busy.
namespace faultline::agent {
namespace {

using namespace protocol;

// Puts the call to each of its function's points, until a rule fails it. Before, `watched` may be
// told the point whose return is watched.
Injected DecidePoints(Call& call, const PlanHook& hook, WatchedCall& watched) {
  const PlanHeader* plan = the_agent.plan;
  for (uint32_t point : hook.points.In(plan)) {
    const PlanPoint& plan_point = plan->points.In(plan)[point];
    if (!ConditionsHold(plan_point.conditions.In(plan), call.arguments())) {
      continue;
    }
    const Verdict verdict = the_agent.decision.Decide(call, point);
    if (verdict.hit) {
      const Injected injected = Inject(call, point, verdict);
      if (injected.effect != Effect::kGoOn) {
        return injected;
      }
    } else if (the_agent.HasFlag(kRecordSites) && verdict.occurrence <= kMostRecordedCalls &&
               call.in_own_process()) {
      JournalRecord record = RecordOf(JournalRecord::kCall, call, point, verdict);
      the_agent.journal.Append(record);
    }
    if (plan_point.watch_return != 0 && watched.point == kNone && call.in_own_process()) {
      watched = {point, verdict};
    }
  }
  return {};
}

uint32_t HandleCall(CallFrame* frame) {
  const Hook& hook = hook_table.hooks[frame->hook];
  frame->target = hook.trampoline;
  const int saved_errno = errno;
  Call call(frame, &the_agent.walker, &the_agent.journal);
  WatchedCall watched;
  const Injected injected = DecidePoints(call, *hook.plan, watched);
  const int failed_errno = errno;
  if (injected.effect != Effect::kGoOn) {
    NoteHit(call);
    TraceReturns(call);
  }
  const bool wrap = Observe(call, hook.plan->observer, injected.effect, watched);
  errno = injected.effect == Effect::kFail ? failed_errno : saved_errno;
  if (injected.effect == Effect::kFail) {
    return FAULTLINE_RETURN;
  }
  if (injected.effect == Effect::kFailByCall) {
    PrepareFailingCall(*frame, injected);
  }
  return wrap ? FAULTLINE_CALL : FAULTLINE_GO_ON;
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) uint32_t faultline_slow_path(CallFrame* frame) {
  const BusyScope busy;
  if (frame->hook != kLoaderHook) {
    return HandleCall(frame);
  }
  const int saved_errno = errno;
  frame->target = reinterpret_cast<uint64_t>(&faultline_return);
  OnLoaderEvent();
  errno = saved_errno;
  return FAULTLINE_GO_ON;
}

extern "C" __attribute__((visibility("hidden"))) void faultline_after_call(CallFrame* frame) {
  const BusyScope busy;
  const int saved_errno = errno;
  const int error = FinishFailingCall(*frame);
  if (!hook_table.inert && the_agent.journal.InOwnProcess()) {
    FinishWrapped(*frame);
  }
  errno = error != 0 ? error : saved_errno;
}

}  // namespace faultline::agent
