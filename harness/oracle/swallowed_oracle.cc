#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <utility>

#include "harness/base/line_pattern.h"
#include "harness/oracle/answer_shape.h"
#include "harness/oracle/benign.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/early_end.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/met_failure.h"
#include "harness/oracle/missing_results.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/silent_creator.h"
#include "harness/oracle/told_failure.h"

// `swallowed`: a call failed, nobody reported it, and the target claims success while something
// that its fault-free runs have is missing or does not answer as it does there. A failure that does
// no harm is tolerated, which is no finding.
namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;

constexpr char kSwallowedKind[] = "swallowed";
constexpr size_t kMostOtherCalls = 4;

// The first call that was made to fail and that somebody should have told about.
const Injection* FirstFailure(const Evidence& evidence, const Catalogue& catalogue) {
  const auto first = std::find_if(
      evidence.injections.begin(), evidence.injections.end(), [&](const Injection& injection) {
        return IsFailedCall(injection) && !IsBenign(injection, catalogue);
      });
  return first == evidence.injections.end() ? nullptr : &*first;
}

bool HasKind(const RpcStep& rpc, RpcExpectation::Kind kind) {
  return std::any_of(rpc.expect.begin(), rpc.expect.end(),
                     [&](const RpcExpectation& expected) { return expected.kind == kind; });
}

const RpcExchange* ExchangeOf(const Evidence& evidence, int step) {
  const auto found = std::find_if(evidence.rpcs.begin(), evidence.rpcs.end(),
                                  [&](const RpcExchange& rpc) { return rpc.step == step; });
  return found == evidence.rpcs.end() ? nullptr : &*found;
}

class SwallowedFinder {
 public:
  SwallowedFinder(const Evidence& evidence, const OracleContext& context, const Injection& failure)
      : evidence_(evidence),
        context_(context),
        failure_(failure),
        met_(FindWhoMet(evidence, context.catalogue, failure)) {}

  // At most one: what one failure leads to is one bug.
  std::vector<Finding> Find() {
    if (FindMissingEffect() || FindFalseAnswer() || FindEarlyExit()) {
      return std::move(findings_);
    }
    if (!ClaimsSuccess() || IsInLog()) {
      return {};
    }
    if (!AddMissingObjects() && !AddMissingFiles()) {
      FindLackingAnswer();
    }
    return std::move(findings_);
  }

 private:
  Finding& Add(const std::string& what, const std::string& object, int step) {
    Finding& finding = findings_.emplace_back();
    finding.kind = kSwallowedKind;
    finding.title = fmt::format("{} after a failure in {}", what, FailureStepText());
    finding.object = object;
    finding.step = step;
    finding.stack = BlamedStack(failure_.stack);
    finding.signature = fmt::format("{}: {}", kSwallowedKind, NormaliseMessage(what));
    finding.details.push_back(fmt::format("what failed: {} in step {}{}", failure_.point,
                                          failure_.step, CallerText(finding.stack)));
    if (const std::string way = HowItWentUp(met_); !way.empty()) {
      finding.details.push_back(way);
    }
    return finding;
  }

  std::string FailureStepText() const {
    const auto step =
        std::find_if(evidence_.steps.begin(), evidence_.steps.end(),
                     [&](const StepResult& result) { return result.index == failure_.step; });
    return step == evidence_.steps.end() ? fmt::format("step {}", failure_.step) : StepText(*step);
  }

  // Makes the finding known by who met the failure.
  void IdentifyByFailure(Finding& finding) const {
    const std::vector<std::string> functions = NamedCallers(met_.stack);
    if (functions.empty()) {
      return;
    }
    finding.signature += fmt::format(" @ {}", fmt::join(functions, " < "));
    // All that a program in another language does comes by its interpreter: what failed is all
    // that tells one failure from another.
    if (functions != BlamedFunctions(met_.stack)) {
      finding.signature += fmt::format(", {}", failure_.point);
    }
  }

  static std::string CallerText(const Stack& stack) {
    if (stack.empty()) {
      return "";
    }
    Frame frame = stack.front();
    frame.file = std::filesystem::path(frame.file).filename().string();
    return ", called by " + frame.ToString();
  }

  // An answer without error where the scenario knows that only an error, or another answer, would
  // be true.
  bool FindFalseAnswer() {
    for (const StepResult& result : evidence_.steps) {
      const auto* rpc = StepActionAs<RpcStep>(context_.scenario, result.index);
      const RpcExchange* exchange = ExchangeOf(evidence_, result.index);
      if (rpc == nullptr || exchange == nullptr || exchange->outcome != Outcome::kResult ||
          result.status != StepResult::Status::kUnmet || result.index < failure_.step) {
        continue;
      }
      const bool any_result_was_wrong =
          !rpc->expect.empty() && !HasKind(*rpc, RpcExpectation::Kind::kResult);
      if (any_result_was_wrong || ClaimsSuccess()) {
        Finding& finding = Add(rpc->method + " reports success", rpc->method, result.index);
        // The request is not to blame for what went wrong before it came.
        if (failure_.step < result.index) {
          IdentifyByFailure(finding);
        }
        finding.details.push_back(result.detail);
        return true;
      }
    }
    return false;
  }

  // It ended by itself, with the code of a success, before the scenario was through.
  bool FindEarlyExit() {
    const auto gone = std::find_if(
        evidence_.steps.begin(), evidence_.steps.end(),
        [](const StepResult& step) { return step.status == StepResult::Status::kTargetGone; });
    if (gone == evidence_.steps.end() || gone->index < failure_.step || evidence_.asked_to_stop ||
        !ExitedCleanly()) {
      return false;
    }
    const Injection& behind = FailureBehindEnd(evidence_, context_, failure_);
    findings_ = &behind == &failure_
                    ? EarlyExit(gone->index)
                    : SwallowedFinder(evidence_, context_, behind).EarlyExit(gone->index);
    return true;
  }

  // The one finding, of the end of the target in step `step`.
  std::vector<Finding> EarlyExit(int step) {
    const std::string what = evidence_.exit.ToString();
    if (LeftItsChildAlone(evidence_, context_) &&
        std::cmp_not_equal(failure_.tid, evidence_.journal.target_pid)) {
      Finding& finding =
          Add("the started process ends with " + what + ", and its child is not up,", "", step);
      finding.signature = fmt::format(
          "{}: the started process ends with {} although its child failed", kSwallowedKind, what);
      finding.details.push_back(
          "the call failed in a process that the target forked; the one that was started has to "
          "tell of it");
    } else {
      Finding& finding = Add(what, "", step);
      finding.signature = fmt::format("{}: {} after a failure", kSwallowedKind, what);
      IdentifyByFailure(finding);
      const Stack met = StackThatMetFailure(failure_.stack, context_.catalogue);
      if (const auto callers = BlamedFunctions(met);
          !callers.empty() && callers == NamedCallers(met)) {
        finding.cause = fmt::format("{} hides that a call failed in {}", what, callers.front());
      }
    }
    return std::move(findings_);
  }

  bool ExitedCleanly() const { return IsCleanEnd(evidence_.exit, context_.profile.clean); }

  // All that was asked was answered without an error, as far as its last answer goes, and the end
  // was a clean one.
  bool ClaimsSuccess() const {
    if (!ExitedCleanly() || FailingRequestWasRefused()) {
      return false;
    }
    std::map<std::string, Outcome> last;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      last[rpc.method] = rpc.outcome;
    }
    const bool answered = std::all_of(
        last.begin(), last.end(), [](const auto& rpc) { return rpc.second == Outcome::kResult; });
    return answered && std::none_of(evidence_.steps.begin(), evidence_.steps.end(),
                                    [this](const StepResult& step) {
                                      return step.status == StepResult::Status::kTimedOut ||
                                             step.status == StepResult::Status::kTargetGone ||
                                             WasToldOfFailure(step, evidence_, context_) ||
                                             CommandWasToldOfFailure(step, evidence_, context_);
                                    });
  }

  // Did the request in which the call failed say so? Others of its method may succeed later.
  bool FailingRequestWasRefused() const {
    std::map<std::string, size_t> seen;
    bool refused = false;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      const FaultFreeAnswer* model =
          context_.fault_free->FindAnswer(rpc.method, seen[rpc.method]++);
      if (rpc.step == failure_.step) {
        refused = rpc.outcome == Outcome::kError && model != nullptr &&
                  model->outcome == Outcome::kResult;
      }
    }
    return refused;
  }

  // Did the target's log report something that fault-free runs do not, until the end of a step?
  bool IsInLog(int last_step = std::numeric_limits<int>::max()) const {
    for (const std::string& text : context_.profile.error_lines) {
      const LinePattern pattern(text);
      for (const LogLine& line : evidence_.log) {
        if (line.time_ms >= failure_.time_ms && line.step <= last_step &&
            pattern.Matches(line.text) && !context_.fault_free->Says(line.text)) {
          return true;
        }
      }
    }
    return false;
  }

  // The one that fault-free runs make first names the finding.
  bool AddMissingObjects() {
    const std::vector<MissingObjects> missing = FindMissingObjects(evidence_, context_);
    if (missing.empty()) {
      return false;
    }
    const ObjectGroup& first = *missing.front().group;
    Finding& finding = Add(first.Text() + " is missing", first.Text(), StepOfEnd(evidence_));
    finding.cause = CauseOfSilence(
        SilentCreator(evidence_, context_.catalogue, first.name.substr(0, first.name.find(' '))));
    finding.details.push_back(
        fmt::format("the fault-free run has {}, this one {}", first.lasting, missing.front().made));
    for (size_t i = 1; i < std::min(missing.size(), kMostOtherCalls); ++i) {
      finding.details.push_back("missing too: " + missing[i].group->Text());
    }
    return true;
  }

  bool AddMissingFiles() {
    const std::vector<std::string> missing = FindMissingFiles(evidence_, context_);
    if (missing.empty()) {
      return false;
    }
    const std::string what = fmt::format("{} without {}", evidence_.exit.ToString(), missing[0]);
    Finding& finding = Add(what, missing[0], StepOfEnd(evidence_));
    IdentifyByFailure(finding);
    finding.details.push_back("the fault-free run leaves it behind, this one does not");
    for (size_t i = 1; i < std::min(missing.size(), kMostOtherCalls); ++i) {
      finding.details.push_back("missing too: " + missing[i]);
    }
    return true;
  }

  // The request in which the call failed says that it has succeeded, and what it adds to the
  // target's state in the fault-free run is not there. What later requests say of that, and what is
  // logged then, comes too late. Where nothing of it is there no line of the log makes the answer
  // true; where a part is missing, such as the partitions of a device that was made, a line does.
  bool FindMissingEffect() {
    std::map<std::string, size_t> seen;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      const FaultFreeAnswer* model =
          context_.fault_free->FindAnswer(rpc.method, seen[rpc.method]++);
      if (rpc.step != failure_.step || !rpc.changes || rpc.outcome != Outcome::kResult ||
          model == nullptr || model->outcome != Outcome::kResult) {
        continue;
      }
      const std::vector<std::string> missing = MissingEffects(*model, rpc.added);
      const bool is_all = missing.size() == model->added.size();
      if (missing.empty() || (!is_all && IsInLog(rpc.step))) {
        continue;
      }
      Finding& finding =
          Add(rpc.method + " reports success without its " + (is_all ? "effect" : "whole effect"),
              rpc.method, rpc.step);
      IdentifyByFailure(finding);
      for (size_t i = 0; i < std::min(missing.size(), kMostOtherCalls); ++i) {
        finding.details.push_back("after it in the fault-free run, but not here: " + missing[i]);
      }
      return true;
    }
    return false;
  }

  // The same call of the same method in the fault-free run is the model.
  void FindLackingAnswer() {
    std::map<std::string, size_t> seen;
    for (const RpcExchange& rpc : evidence_.rpcs) {
      const size_t nth = seen[rpc.method]++;
      const FaultFreeAnswer* model = context_.fault_free->FindAnswer(rpc.method, nth);
      if (model == nullptr || model->outcome != Outcome::kResult) {
        continue;
      }
      const std::string lack = FindLack(model->answer, rpc.answer);
      if (!lack.empty()) {
        Finding& finding = Add(fmt::format("the answer to {} lacks {}", rpc.method,
                                           lack == "." ? "what it says" : lack),
                               rpc.method, rpc.step);
        finding.details.push_back("the answer in the fault-free run: " + model->answer.dump());
        return;
      }
    }
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  const Injection& failure_;
  const MetFailure met_;
  std::vector<Finding> findings_;
};

class SwallowedOracle : public Oracle {
 public:
  std::string_view kind() const override { return kSwallowedKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    const Injection* failure = FirstFailure(evidence, context.catalogue);
    if (failure == nullptr || context.fault_free == nullptr) {
      return {};
    }
    return SwallowedFinder(evidence, context, *failure).Find();
  }
};

FAULTLINE_ORACLE(SwallowedOracle);

}  // namespace
}  // namespace faultline
