#pragma once

#include <functional>
#include <string>

#include "harness/base/line_pattern.h"
#include "harness/evidence/evidence.h"
#include "harness/run/live_run.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// How a step ended.
struct StepOutcome {
  StepResult::Status status = StepResult::Status::kDone;
  std::string detail = {};
};

// Does the steps of a run, one after the other: Select, then the operator() of its kind. One
// thread. Failure only for what the harness or the scenario cannot do.
class StepRunner {
 public:
  explicit StepRunner(LiveRun& run) : run_(run) {}

  void Select(const Step& step, int index);
  // How the selected step's wait for the target went; without a limit when it had none.
  const WaitAccount& wait() const { return wait_; }
  // See StepResult.
  bool unasked() const { return unasked_; }
  bool still_serves() const { return still_serves_; }
  // The limit of the selected step.
  int LimitMs() const;

  StepOutcome operator()(const WaitReadyStep&);
  StepOutcome operator()(const RpcStep& step);
  StepOutcome operator()(const ArmStep& step);
  StepOutcome operator()(const DisarmStep& step);
  StepOutcome operator()(const SignalStep& step);
  StepOutcome operator()(const CommandStep& step);
  StepOutcome operator()(const TerminalStep& step);
  StepOutcome operator()(const ExpectLogStep& step);
  StepOutcome operator()(const WaitExitStep& step);

 private:
  std::string Expand(const std::string& text) const;
  // Ended before the step could do its work.
  StepOutcome Gone(const std::string& doing) const;
  StepOutcome AlreadyGone() const;
  StepOutcome TimedOut();
  // What a target that gets on is given in all: what the scenario or its profile allows, however
  // much less its fault-free run took, and more than the limit in any case.
  int64_t MostMs() const;
  // Waits for the target within the step's limit, or for longer as long as it gets on.
  LiveRun::Wait Wait(const std::string& for_what, const std::function<bool()>& met,
                     bool may_get_on = true);
  // Until the line comes, or the target has been quiet for a while.
  StepOutcome WaitForLineIfItComes(const std::string& text);
  LiveRun::Wait WaitForLine(const std::string& for_what, const std::string& pattern, size_t from);
  // Was the line found? Once the limit has passed, true also when the target's own output was made
  // to fail: what is waited for may have been written to nowhere, or not yet.
  bool FoundOrLost(const LinePattern& pattern, size_t from, Clock::time_point limit);
  LiveRun::Wait WaitReady(const ReadyCondition& ready);
  LiveRun::Wait WaitStarted(const std::string& for_what);
  RpcExchange Exchange(const RpcStep& step);
  // The point by whose failure the target has lost this client, while it serves another; "" when
  // that is not so. The old connection is then closed. A request that a target never answers
  // although nothing happened to its connection is another matter, whatever else it answers.
  std::string DroppedClient(RpcExchange::Outcome outcome);

  LiveRun& run_;
  size_t log_mark_ = 0;         // lines from here on are looked at
  bool gone_accepted_ = false;  // an expectation said that the target may be gone
  bool may_be_asked_ = false;   // to end, by a request, a command or typed text
  const Step* step_ = nullptr;
  int index_ = 0;
  WaitAccount wait_;
  bool unasked_ = false;
  bool still_serves_ = false;
  std::string lost_line_;  // the point by whose failure a line of the log may be missing; "" = none
};

}  // namespace faultline
