#include "harness/run/stop.h"

#include <algorithm>

namespace faultline {
namespace {

// What remains of the limit when a step sent the signal some time ago.
int64_t RemainingMs(LiveRun& run) {
  const int64_t elapsed_ms = run.now_ms() - run.stop_sent_ms();
  return std::max<int64_t>(0, run.stop_limit_ms() - elapsed_ms);
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
    if (!run.WaitForExit(RemainingMs(run))) {
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
