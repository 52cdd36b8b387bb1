#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

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

// Does the steps of a run, one after the other. One thread. Failure only for what the harness or
// the scenario cannot do.
class StepRunner {
 public:
  explicit StepRunner(LiveRun& run);

  // What of earlier steps matters to later ones.
  struct Memory {
    size_t log_mark = 0;         // lines from here on are looked at
    bool gone_accepted = false;  // an expectation said that the target may be gone
    bool may_be_asked = false;   // to end, by a request, a command or typed text
  };
  // Before a step that acts at once: waits, the first time, until the target has started, as
  // `ready: started` does. What was done before would be done to a loader, or to a wrapper.
  void AwaitStart();
  Memory memory() const { return {log_mark_, gone_accepted_, may_be_asked_}; }
  void Remember(const Memory& memory) {
    log_mark_ = memory.log_mark;
    gone_accepted_ = memory.gone_accepted;
    may_be_asked_ = memory.may_be_asked;
  }

  // Does `step`; `index` is its place in the scenario, from 1, or 0 for one at a call.
  StepResult Run(const Step& step, int index);

  // What Run asks: selects a step, then the operator() of its kind.
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
  StepOutcome operator()(const PipelineStep& step);
  StepOutcome operator()(const RawStep& step);
  StepOutcome operator()(const AnswerStep& step);
  StepOutcome operator()(const DisconnectStep& step);
  StepOutcome operator()(const WaitStep& step);
  StepOutcome operator()(const ExpectAbsentStep& step);
  StepOutcome operator()(const ExpectNoLogStep& step);
  StepOutcome operator()(const ExpectOpenFilesStep& step);
  StepOutcome operator()(const ExpectFlatStep& step);
  StepOutcome operator()(const StartCompanionStep& step);
  StepOutcome operator()(const StopCompanionStep& step);
  // Is no step of one life of the target: see Lives.
  StepOutcome operator()(const RestartStep&) { return {}; }

 private:
  using Save = std::map<std::string, std::string>;

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
  LiveRun::Wait WaitForPlace(const std::string& for_what, const std::function<bool()>& there);
  LiveRun::Wait WaitStarted(WaitAccount& wait);
  // Sends a request.
  LiveRun::Unanswered Ask(const RpcStep& step, const std::string& connection);
  // Waits for its answer. `expect` says whether silence is expected.
  RpcExchange Await(const LiveRun::Unanswered& asked, const std::vector<RpcExpectation>& expect);
  // Judges an exchange, puts it into the evidence, saves what is to be saved.
  StepOutcome Conclude(RpcExchange exchange, const std::vector<RpcExpectation>& written,
                       const Save& save, const std::string& connection);
  StepOutcome SaveFrom(const nlohmann::json& answer, const Save& save);
  StepOutcome Poll(const RpcStep& step);
  FlatCount CountOpen(const std::string& name) const;
  // The point by whose failure the target has lost this client, while it serves another; "" when
  // that is not so. The old connection is then closed. A request that a target never answers
  // although nothing happened to its connection is another matter, whatever else it answers.
  std::string DroppedClient(RpcExchange::Outcome outcome, const std::string& connection = "");

  LiveRun& run_;
  size_t log_mark_ = 0;  // this and what follows: see Memory
  bool gone_accepted_ = false;
  bool has_started_ = false;  // or was waited for
  bool may_be_asked_ = false;
  const Step* step_ = nullptr;
  int index_ = 0;
  bool saves_ = false;  // some step of the scenario saves something
  std::string said_;    // see StepResult
  std::vector<std::string> printed_;
  WaitAccount wait_;
  bool unasked_ = false;
  bool still_serves_ = false;
  std::string lost_line_;  // the point by whose failure a line of the log may be missing; "" = none
};

}  // namespace faultline
