#include "harness/sweep/confirm.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/sweep/look.h"
#include "harness/sweep/same_cause.h"
#include "harness/sweep/scenario_writer.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

bool Shows(const StoredRun& run, const std::string& signature) {
  return std::any_of(run.findings.begin(), run.findings.end(),
                     [&](const StoredFinding& finding) { return finding.signature == signature; });
}

class Confirmer {
 public:
  // `step` is the one the finding came in, from 1; 0: not known.
  Confirmer(const SweepContext& context, Slots& slots, Spending& spending,
            const FindingGroup& group, const SweepPlan& plan, int64_t step)
      : context_(context),
        slots_(slots),
        spending_(spending),
        group_(group),
        plan_(plan),
        step_(step),
        scenario_(context.scenario) {}

  Confirmation Confirm(Executor& executor) {
    // What comes after the finding hardly matters: that it comes without is seen by the way.
    const auto step = static_cast<size_t>(step_);
    const bool shortened = step > 0 && step < scenario_.steps.size();
    if (shortened) {
      scenario_.steps.resize(step);
    }
    Confirmation result = TryAll(executor);
    if (shortened && result.confirmed == 0) {
      scenario_ = context_.scenario;
      result = TryAll(executor);
    }
    // What does not come every time cannot be minimised: a step less and a bad day look the same.
    if (result.confirmed == kConfirmationRuns) {
      Minimise(executor);
    } else if (result.tries == kConfirmationRuns) {
      TryWithoutFault(result, executor);
    }
    result.scenario = Write(result);
    return result;
  }

 private:
  Confirmation TryAll(Executor& executor) {
    Confirmation result;
    result.signature = group_.signature;
    result.plan_key = plan_.key;
    for (; result.tries < kConfirmationRuns; ++result.tries) {
      // A limit of half a second would be a weak proof of a hang.
      const std::optional<bool> again =
          Try(scenario_, result.tries == 0 ? Look::kPatient : Look::kBrief, executor);
      if (!again) {
        break;
      }
      result.confirmed += *again ? 1 : 0;
    }
    return result;
  }

  // What comes without the fault too is a race of the target's own.
  void TryWithoutFault(Confirmation& result, Executor& executor) {
    SweepPlan control = plan_;
    control.faults.clear();
    for (; result.control_tries < kConfirmationRuns; ++result.control_tries) {
      if (!spending_.TakeRun()) {
        return;
      }
      const Slots::Place place(slots_, /*alone=*/false);
      const Visit visit = VisitPlan(context_, scenario_, control, context_.limits_ms, executor);
      result.control += ShowsSameCause(visit.run, group_.signature) ? 1 : 0;
    }
  }

  // Nothing when the budget is spent, or the machine lets no run come so far.
  std::optional<bool> Try(const Scenario& scenario, Look look, Executor& executor) {
    if (!spending_.TakeRun()) {
      return std::nullopt;
    }
    Visit visit = LookAt({context_, scenario, plan_}, look, slots_, executor,
                         [this](const Visit& hung) { return Shows(hung.run, group_.signature); });
    if (visit.starved || !visit.failed_by_itself.empty()) {
      const Slots::Place place(slots_, /*alone=*/true);
      visit = VisitPlan(context_, scenario, plan_, context_.limits_ms, executor);
    }
    if (!visit.failed_by_itself.empty()) {
      return std::nullopt;
    }
    return Shows(visit.run, group_.signature);
  }

  // True when the finding comes without the steps [first, last) too: they are left out from now on.
  // Not when the steps behind need them to go as written: such a scenario would have a finding
  // without any fault, and nobody could replay it.
  bool LeaveOut(size_t first, size_t last, Executor& executor) {
    Scenario fewer = scenario_;
    fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(first),
                      fewer.steps.begin() + static_cast<std::ptrdiff_t>(last));
    if (!Try(fewer, Look::kBrief, executor).value_or(false) ||
        (last < scenario_.steps.size() && !StandsAlone(fewer, executor))) {
      return false;
    }
    scenario_ = std::move(fewer);
    return true;
  }

  bool StandsAlone(const Scenario& scenario, Executor& executor) {
    if (!spending_.TakeRun()) {
      return false;
    }
    const Slots::Place place(slots_, /*alone=*/false);
    return WorksWithoutFaults(context_, scenario, executor);
  }

  // What comes after the step with the fault at once, for it hardly matters; then one by one from
  // the last to the first. The wait for readiness stays: without it the stop signal comes at any
  // moment of the start.
  void Minimise(Executor& executor) {
    const auto waits = [](const Step& step) {
      return std::holds_alternative<WaitReadyStep>(step.action);
    };
    const std::vector<Step>& steps = scenario_.steps;
    auto after = static_cast<size_t>(plan_.site.step);
    while (after < steps.size() && waits(steps[after])) {
      ++after;
    }
    if (after + 1 < steps.size()) {
      LeaveOut(after, steps.size(), executor);
    }
    for (size_t i = steps.size(); i-- > 0;) {
      if (!waits(steps[i])) {
        LeaveOut(i, i + 1, executor);
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
  Slots& slots_;
  Spending& spending_;
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

void ConfirmFindings(const SweepContext& context, Store& store, Slots& slots, Spending& spending,
                     const ExecutorFactory& make_executor, const std::vector<SweepPlan>& plans,
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
  std::mutex mutex;
  ForEachInParallel(
      open.size(), slots.most_threads(), make_executor, [&](size_t index, Executor& executor) {
        FindingGroup& group = open[index];
        const SweepPlan& plan = *SmallestPlan(group, by_key, store);
        Confirmer confirmer(context, slots, spending, group, plan, StepOf(group, plan, store));
        const Confirmation confirmation = confirmer.Confirm(executor);
        store.SetConfirmation(confirmation);
        const std::lock_guard lock(mutex);
        Apply(confirmation, group);
        progress(group);
      });
}

}  // namespace faultline
