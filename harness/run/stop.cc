#include "harness/run/stop.h"

#include <algorithm>

namespace faultline {
namespace {

// Waits for what remains of the limit when a step sent the signal some time ago. False when the
// target did not end.
bool WaitForEnd(LiveRun& run) {
  const int64_t elapsed_ms = run.now_ms() - run.stop_sent_ms();
  const int64_t limit_ms = run.stop_limit_ms();
  // Of a target that has hung before nothing more is to be learned.
  const int64_t most_ms =
      run.hang() ? limit_ms
                 : std::max<int64_t>(run.request().scenario.limits_ms.stop, 2 * limit_ms);
  WaitAccount& wait = run.evidence().stop_wait;
  wait = {.for_what = "the target to end after the stop signal",
          .limit_ms = std::max<int64_t>(0, limit_ms - elapsed_ms),
          .most_ms = std::max<int64_t>(0, most_ms - elapsed_ms)};
  const bool ended = run.WaitForExit(wait);
  // It counts from the signal on, for those who read it.
  wait.limit_ms = limit_ms;
  wait.most_ms = most_ms;
  wait.took_ms += elapsed_ms;
  return ended;
}

}  // namespace

void StopTarget(LiveRun& run) {
  Evidence& evidence = run.evidence();
  evidence.stop_limit_ms = run.stop_limit_ms();
  if (!run.exited()) {
    if (!run.stop_signal_sent()) {
      run.NoteStopSignal();
      // One that was asked to stop at a call has been asked; a second time is another matter.
      if (!run.StoppedByFault()) {
        run.process().Signal(run.request().profile.stop_signal);
      }
    }
    if (!WaitForEnd(run)) {
      run.CaptureHang("taken when the target had not stopped in time");
      run.process().Kill();
    }
  }
  evidence.exit = run.process().exit_status();
  evidence.total_ms = run.process().exit_time_ms();
  if (evidence.asked_to_stop) {
    evidence.stop_ms = evidence.total_ms - run.stop_sent_ms();
  }
}

}  // namespace faultline
