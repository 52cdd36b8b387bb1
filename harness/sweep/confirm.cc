#include "harness/sweep/confirm.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "harness/sweep/same_cause.h"
#include "harness/sweep/scenario_writer.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr char kHang[] = "hang";

class Confirmer {
 public:
  // `step` is the one the finding came in, from 1; 0: not known.
  Confirmer(const SweepContext& context, RunQueue::Runner& runner, const FindingGroup& group,
            const SweepPlan& plan, int64_t step)
      : context_(context),
        runner_(runner),
        group_(group),
        plan_(plan),
        step_(step),
        scenario_(context.scenario) {}

  Confirmation Confirm() {
    // What comes after the finding hardly matters: that it comes without is seen by the way.
    const auto step = static_cast<size_t>(step_);
    const bool shortened = step > 0 && step < scenario_.steps.size();
    if (shortened) {
      scenario_.steps.resize(step);
    }
    Confirmation result = TryAll();
    if (shortened && result.confirmed == 0) {
      scenario_ = context_.scenario;
      result = TryAll();
    }
    // What does not come every time cannot be minimised: a step less and a bad day look the same.
    if (result.confirmed == kConfirmationRuns) {
      Minimise();
    } else if (result.tries == kConfirmationRuns) {
      TryWithoutFault(result);
    }
    result.scenario = Write(result);
    return result;
  }

 private:
  enum class Answer { kYes, kNo, kNone };

  Confirmation TryAll() {
    Confirmation result;
    result.signature = group_.signature;
    result.plan_key = plan_.key;
    for (; result.tries < kConfirmationRuns; ++result.tries) {
      // A timeout of half a second would be a weak proof of a hang.
      const Answer again = Ask(scenario_, result.tries == 0 ? Timeout::kFull : Timeout::kBrief,
                               group_.kind == kHang);
      if (again == Answer::kNone) {
        break;
      }
      result.confirmed += again == Answer::kYes ? 1 : 0;
    }
    return result;
  }

  // What comes without the fault too is a race of the target's own.
  void TryWithoutFault(Confirmation& result) {
    SweepPlan control = plan_;
    control.faults.clear();
    for (; result.control_tries < kConfirmationRuns; ++result.control_tries) {
      const RunResult made = Make(scenario_, &control, Timeout::kFull, group_.kind == kHang);
      if (!made.made()) {
        return;
      }
      result.control += ShowsSameCause(made.run, group_.signature) ? 1 : 0;
    }
  }

  // The run of `plan` (nullptr: without any fault) in `scenario`.
  RunResult Make(const Scenario& scenario, const SweepPlan* plan, Timeout timeout, bool alone) {
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kConfirm;
    request.scenario = &scenario;
    request.plan = plan;
    request.timeout = timeout;
    request.alone = alone;
    request.proof_of = [this](const RunResult& hung) {
      return hung.Shows(group_.signature) ? HangProof::kFull : HangProof::kNone;
    };
    return runner_.Run(request);
  }

  // Does the finding come again in `scenario`?
  Answer Ask(const Scenario& scenario, Timeout timeout, bool alone) {
    const RunResult result = Make(scenario, &plan_, timeout, alone);
    if (!result.made()) {
      return Answer::kNone;
    }
    return result.Shows(group_.signature) ? Answer::kYes : Answer::kNo;
  }

  // Does `scenario` go as written as long as nothing is made to fail?
  bool WorksWithoutFaults(const Scenario& scenario) {
    const RunResult result = Make(scenario, nullptr, Timeout::kFull, /*alone=*/false);
    return result.made() && result.run.findings.empty();
  }

  // True when the finding comes without the steps [first, last) too: they are left out from now on.
  // Not when the steps behind need them to go as written: such a scenario would have a finding
  // without any fault, and nobody could replay it.
  bool LeaveOut(size_t first, size_t last) {
    Scenario fewer = scenario_;
    fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(first),
                      fewer.steps.begin() + static_cast<std::ptrdiff_t>(last));
    if (Ask(fewer, Timeout::kBrief, /*alone=*/false) != Answer::kYes ||
        (last < scenario_.steps.size() && !WorksWithoutFaults(fewer))) {
      return false;
    }
    scenario_ = std::move(fewer);
    return true;
  }

  // What comes after the step with the fault at once, for it hardly matters; then one by one from
  // the last to the first. The wait for readiness stays: without it the stop signal comes at any
  // moment of the start.
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
      if (!waits(steps[i])) {
        LeaveOut(i, i + 1);
      }
    }
  }

  std::string Write(const Confirmation& confirmation) const {
    Scenario scenario = scenario_;
    scenario.faults = plan_.faults;
    scenario.name = "finding-" + group_.id;
    scenario.summary = group_.title;
    FindingGroup known = group_;
    Apply(confirmation, known);
    std::string comment =
        fmt::format("Found by a sweep of {}.\n{}\n{}\nfault: {} {} at\n", context_.scenario.name,
                    StatusText(known), group_.signature, ModeName(plan_.mode), plan_.site.point);
    for (const Frame& frame : StackFromJson(plan_.site.stack)) {
      comment += "  " + frame.ToString() + "\n";
    }
    return WriteScenario(scenario, comment);
  }

  const SweepContext& context_;
  RunQueue::Runner& runner_;
  const FindingGroup& group_;
  const SweepPlan& plan_;
  const int64_t step_;
  Scenario scenario_;
};

// The smallest: one fault before several, a failure before a signal, early before late.
const SweepPlan* SmallestPlan(const FindingGroup& group,
                              const std::map<std::string, const SweepPlan*>& plans, Store& store) {
  const auto rank = [](const SweepPlan& plan) {
    return std::tuple(plan.faults.size(), static_cast<int>(plan.mode), plan.site.position,
                      plan.key);
  };
  const SweepPlan* smallest = nullptr;
  for (const std::string& key : group.run_keys) {
    const auto found = plans.find(key);
    if (found == plans.end() || (smallest != nullptr && rank(*smallest) < rank(*found->second))) {
      continue;
    }
    const auto run = store.FindRun(key);
    if (run && run->alike.empty()) {
      smallest = found->second;
    }
  }
  return smallest;
}

// In which step the run of `plan` showed the finding; 0 when it is not known.
int64_t StepOf(const FindingGroup& group, const SweepPlan& plan, Store& store) {
  const std::optional<StoredRun> run = store.FindRun(plan.key);
  if (!run) {
    return 0;
  }
  const auto found = std::find_if(
      run->findings.begin(), run->findings.end(),
      [&](const StoredFinding& finding) { return finding.signature == group.signature; });
  return found == run->findings.end() ? 0 : found->step;
}

}  // namespace

void ConfirmFindings(const SweepContext& context, Store& store, RunQueue& queue,
                     const std::vector<SweepPlan>& plans,
                     const std::function<void(const FindingGroup&)>& progress) {
  std::map<std::string, const SweepPlan*> by_key;
  for (const SweepPlan& plan : plans) {
    by_key[plan.key] = &plan;
  }
  std::vector<FindingGroup> open;
  for (FindingGroup& group : store.Findings()) {
    if (group.tries < kConfirmationRuns && SmallestPlan(group, by_key, store) != nullptr) {
      open.push_back(std::move(group));
    }
  }
  size_t index = 0;
  queue.RunAll([&]() -> RunQueue::Task {
    if (index == open.size()) {
      return {};
    }
    return [&, &group = open[index++]](RunQueue::Runner& runner) {
      const SweepPlan& plan = *SmallestPlan(group, by_key, store);
      const Confirmation confirmation =
          Confirmer(context, runner, group, plan, StepOf(group, plan, store)).Confirm();
      if (!queue.stopped()) {
        store.SetConfirmation(confirmation);
        Apply(confirmation, group);
        progress(group);
      }
    };
  });
}

}  // namespace faultline
