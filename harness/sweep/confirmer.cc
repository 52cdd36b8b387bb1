#include "harness/sweep/confirmer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/sweep/classify.h"
#include "harness/sweep/prove_finding.h"
#include "harness/sweep/relocate.h"
#include "harness/sweep/same_cause.h"
#include "harness/sweep/scenario_writer.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr char kHang[] = "hang";

class Confirmer {
 public:
  Confirmer(const SweepContext& context, const Suspect& suspect, ProofKnowledge& knowledge,
            RunQueue::Runner& runner)
      : context_(context),
        group_(suspect.group),
        suspect_(suspect),
        knowledge_(knowledge),
        runner_(runner),
        plan_(*suspect.witnesses.front().plan),
        scenario_(context.scenario) {}

  Confirmation Confirm() {
    // What comes after the finding hardly matters: that it comes without is seen by the way.
    const bool shortened = Shorten(suspect_.witnesses.front());
    Confirmation result = TryOnce();
    if (shortened && result.confirmed == 0 && !is_decided_) {
      scenario_ = context_.scenario;
      result = TryOnce();
    }
    // What does not come every time cannot be minimised: a step less and a bad day look the same.
    // What is assumed is not worth the runs.
    if (result.confirmed == kConfirmationRuns &&
        result.proof.state != StoredProof::State::kMissing) {
      Minimise();
    }
    if (AsksWithoutSignal(result)) {
      TryWithoutSignal(result);
    }
    if (result.tries == kConfirmationRuns && result.confirmed < kConfirmationRuns &&
        !ComesWithoutSignal(result)) {
      TryWithoutFault(result);
    }
    if (result.confirmed == 0 && !is_decided_ && !ComesWithoutSignal(result)) {
      result.proof = {};  // what does not come again needs none
    }
    result.places = PlacesToJson(Places());
    result.scenario = Write(result);
    return result;
  }

 private:
  enum class Answer { kYes, kNo, kNone };

  // Leaves out the steps behind the finding. False when there are none.
  bool Shorten(const Witness& witness) {
    scenario_ = UpToStep(context_.scenario, witness.step);
    return scenario_.steps.size() < context_.scenario.steps.size();
  }

  // In scenario_. Whether the failure can happen is asked first: the failure below that proves it
  // then stands for the finding, and how often a finding comes does not matter when its call was
  // seen never to fail.
  Confirmation TryOnce() {
    Confirmation result;
    result.signature = group_.signature;
    result.plan_key = plan_.key;
    is_decided_ = NeedsProof(plan_, context_.all_points) && ProveAny(result);
    if (!is_decided_) {
      Rerun(result);
    }
    return result;
  }

  // Until there are enough tries.
  void Rerun(Confirmation& result) {
    for (; result.tries < kConfirmationRuns; ++result.tries) {
      // A timeout of half a second would be a weak proof of a hang.
      const Answer again = Ask(scenario_, result.tries == 0 ? Timeout::kFull : Timeout::kBrief,
                               group_.kind == kHang);
      if (again == Answer::kNone) {
        break;
      }
      result.confirmed += again == Answer::kYes ? 1 : 0;
    }
  }

  // A run of `plan` in `scenario`.
  QueueRequest RequestOf(const Scenario& scenario, const SweepPlan& plan, Timeout timeout) const {
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kConfirm;
    request.scenario = &scenario;
    request.plan = &plan;
    request.timeout = timeout;
    if (is_below_) {
      request.catalogue = &context_.all_points;
    }
    request.expected = std::chrono::milliseconds(suspect_.witnesses.front().duration_ms);
    request.proof_of = [this](const RunResult& hung) {
      return Shows(hung) ? HangProof::kFull : HangProof::kNone;
    };
    return request;
  }

  // Another failure brings the same finding about under another signature.
  bool Shows(const RunResult& result) const {
    return is_below_ ? ShowsSameCause(result.run, group_.signature, group_.cause)
                     : result.Shows(group_.signature);
  }

  // Does the finding come again in `scenario`?
  Answer Ask(const Scenario& scenario, Timeout timeout, bool alone) {
    QueueRequest request = RequestOf(scenario, plan_, timeout);
    request.alone = alone;
    const RunResult result = runner_.Run(request);
    if (!result.made()) {
      return Answer::kNone;
    }
    const bool shows = Shows(result);
    signal_may_decide_ |= SignalMayDecide(result, group_.kind, shows);
    return shows ? Answer::kYes : Answer::kNo;
  }

  // By any witness; without one the reason of the first is kept. True when `result` needs no reruns
  // of the finding itself: it is proven, its call never fails, or no more runs can be made, and its
  // tries are fewer than are due.
  bool ProveAny(Confirmation& result) {
    const Scenario first_scenario = scenario_;
    const bool is_whole = scenario_.steps.size() == context_.scenario.steps.size();
    bool never_fails = true;
    for (size_t i = 0; i < suspect_.witnesses.size(); ++i) {
      const Witness& witness = suspect_.witnesses[i];
      if (i > 0 && !is_whole) {
        Shorten(witness);
      }
      const std::optional<ProofOutcome> outcome =
          ProveFinding(context_, scenario_, *witness.plan, group_, knowledge_, runner_);
      if (!outcome) {
        result.proof = {};
        scenario_ = first_scenario;
        return true;
      }
      if (outcome->proof.state == StoredProof::State::kProven) {
        plan_ = outcome->plan;
        is_below_ = true;
        result.proof = outcome->proof;
        result.tries = result.confirmed = 1;  // the run that proved it
        Rerun(result);
        return true;
      }
      never_fails = never_fails && outcome->never_fails;
      if (i == 0) {
        result.proof = outcome->proof;
      }
    }
    scenario_ = first_scenario;
    return never_fails;
  }

  // Did the stop signal, which the harness sends while the target backs out already, bring the
  // finding about (a crash in a signal handler), or keep runs from showing it?
  bool AsksWithoutSignal(const Confirmation& result) const {
    const Witness& witness = suspect_.witnesses.front();
    return result.tries == kConfirmationRuns &&
           result.proof.state != StoredProof::State::kMissing &&
           ((result.confirmed > 0 && witness.in_signal_handler) ||
            (result.confirmed < kConfirmationRuns && signal_may_decide_));
  }

  // So it is left to end by itself. What does not do so tells nothing. What then comes each time is
  // replayed so, where it does not come each time else.
  void TryWithoutSignal(Confirmation& result) {
    Scenario quiet = scenario_;
    std::erase_if(quiet.steps,
                  [](const Step& step) { return std::holds_alternative<SignalStep>(step.action); });
    Step& wait = quiet.steps.emplace_back();
    wait.action = WaitExitStep{};
    wait.limit_ms = context_.limits_ms.stop;
    wait.even_if_gone = true;  // the step that met the failure may have ended the rest
    for (int64_t i = 0; i < kConfirmationRuns; ++i) {
      const RunResult run = runner_.Run(RequestOf(quiet, plan_, Timeout::kFull));
      if (!run.made() || run.asked_to_stop) {
        result.unsignalled_tries = result.unsignalled = 0;
        return;
      }
      ++result.unsignalled_tries;
      result.unsignalled += Shows(run) ? 1 : 0;
    }
    if (result.confirmed < kConfirmationRuns && ComesWithoutSignal(result)) {
      scenario_ = std::move(quiet);
    }
  }

  // What comes without the fault too is a race of the target's own.
  void TryWithoutFault(Confirmation& result) {
    SweepPlan control = plan_;
    control.faults.clear();
    for (; result.control_tries < kConfirmationRuns; ++result.control_tries) {
      QueueRequest request = RequestOf(scenario_, control, Timeout::kFull);
      request.alone = group_.kind == kHang;
      const RunResult run = runner_.Run(request);
      if (!run.made()) {
        return;
      }
      result.control += ShowsSameCause(run.run, group_.signature) ? 1 : 0;
    }
  }

  // Does `scenario` go as written as long as nothing is made to fail?
  bool WorksWithoutFaults(const Scenario& scenario) {
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kConfirm;
    request.scenario = &scenario;
    request.timeout = Timeout::kFull;
    const RunResult result = runner_.Run(request);
    return result.made() && result.run.findings.empty();
  }

  // It says when a target or a companion begins or ends.
  static bool IsOfALife(const Step& step) {
    return std::holds_alternative<WaitReadyStep>(step.action) ||
           std::holds_alternative<WaitExitStep>(step.action) ||
           std::holds_alternative<RestartStep>(step.action) ||
           std::holds_alternative<StartCompanionStep>(step.action) ||
           std::holds_alternative<StopCompanionStep>(step.action);
  }

  // True when the finding comes without the steps [first, last) too: they are left out from now on.
  // Not when the target, or the steps behind, need them to go as written: such a scenario would
  // have a finding without any fault, and nobody could replay it.
  bool LeaveOut(size_t first, size_t last) {
    Scenario fewer = scenario_;
    const auto begin = fewer.steps.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = fewer.steps.begin() + static_cast<std::ptrdiff_t>(last);
    // A target that has started needs nothing of what is asked of it at last.
    const bool may_be_needed = end != fewer.steps.end() || std::any_of(begin, end, IsOfALife);
    fewer.steps.erase(begin, end);
    if (Ask(fewer, Timeout::kBrief, /*alone=*/false) != Answer::kYes ||
        (may_be_needed && !WorksWithoutFaults(fewer))) {
      return false;
    }
    scenario_ = std::move(fewer);
    return true;
  }

  // What comes after the step with the fault at once, for it hardly matters; then one by one from
  // the last to the first. One by one only what is asked of the targets goes, not what says when
  // they and their companions begin and end: without a wait for readiness the stop signal comes at
  // any moment of the start, without one for an end two targets overlap, and what is never started
  // cannot be waited for.
  void Minimise() {
    const auto waits = [](const Step& step) {
      return std::holds_alternative<WaitReadyStep>(step.action);
    };
    const std::vector<Step>& steps = scenario_.steps;
    auto after = static_cast<size_t>(plan_.site.step);
    while (after < steps.size() && waits(steps[after])) {
      ++after;
    }
    if (after + 1 < steps.size()) {
      LeaveOut(after, steps.size());
    }
    for (size_t i = steps.size(); i-- > 0;) {
      if (!IsOfALife(steps[i])) {
        LeaveOut(i, i + 1);
      }
    }
  }

  // Where the faults of the plan are, in words that other builds share.
  std::vector<SitePlace> Places() const {
    std::vector<SitePlace> places;
    for (const Fault& fault : plan_.faults) {
      if (fault.site == 0) {
        continue;
      }
      std::optional<SitePlace> place = PlaceOfSite(SiteHashText(fault.site), suspect_.sites);
      if (!place) {
        place = PlaceOfSite(SiteHashText(fault.site), knowledge_.census());
      }
      if (place) {
        places.push_back(std::move(*place));
      }
    }
    return places;
  }

  std::string Write(const Confirmation& confirmation) const {
    Scenario scenario = scenario_;
    scenario.faults = plan_.faults;
    InLife(context_.life, scenario.faults);
    scenario.check_rolled_back &= ChecksRolledBack(plan_.mode);
    scenario.name = "finding-" + group_.id;
    const std::string& title = suspect_.witnesses.front().title;
    scenario.summary = is_below_ || title.empty() ? group_.title : title;
    FindingGroup known = group_;
    Apply(confirmation, known);
    std::string comment =
        fmt::format("Found by a sweep of {}.\n{}\n{}\nfault: {} {} at\n", context_.scenario.name,
                    StatusText(known), group_.signature, ModeName(plan_.mode), plan_.site.point);
    for (const Frame& frame : StackFromJson(plan_.site.stack)) {
      comment += "  " + frame.ToString() + "\n";
    }
    return WriteScenario(scenario, comment, Places());
  }

  const SweepContext& context_;
  const FindingGroup& group_;
  const Suspect& suspect_;
  ProofKnowledge& knowledge_;
  RunQueue::Runner& runner_;
  SweepPlan plan_;                  // that shows the finding, as far as is known
  bool is_below_ = false;           // it is the failure below the derived call
  bool is_decided_ = false;         // by the proof
  bool signal_may_decide_ = false;  // of one of its runs at least, see SignalMayDecide
  Scenario scenario_;
};

}  // namespace

Confirmation Confirm(const SweepContext& context, const Suspect& suspect, ProofKnowledge& knowledge,
                     RunQueue::Runner& runner) {
  return Confirmer(context, suspect, knowledge, runner).Confirm();
}

}  // namespace faultline
