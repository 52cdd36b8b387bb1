#include "harness/scenario/lives_of_scenario.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "harness/scenario/vacuous.h"

namespace faultline {
namespace {

constexpr size_t kMostSteps = 10'000;

// A fault of a life that never comes would never be reached.
void CheckLives(const Scenario& scenario, Diagnostics& diagnostics) {
  for (const Fault& fault : scenario.faults) {
    const int lives = scenario.LivesOf(fault.target);
    if (fault.life > lives) {
      diagnostics.Add(fault.position,
                      fmt::format("`life` is {}, but the target is started {} time{}", fault.life,
                                  lives, lives == 1 ? "" : "s"));
    }
  }
}

// Steps that a fault does at its call, perhaps at many, count as often as is needed.
void CheckFlatSteps(const Scenario& scenario, Diagnostics& diagnostics) {
  std::set<std::string> at_calls;
  for (const Fault& fault : scenario.faults) {
    for (const Step& step : fault.at_call) {
      if (const auto* flat = std::get_if<ExpectFlatStep>(&step.action); flat != nullptr) {
        at_calls.insert(flat->name);
      }
    }
  }
  for (const IdleFlat& idle : IdleFlatSteps(scenario.steps)) {
    const std::string& name = std::get<ExpectFlatStep>(idle.step->action).name;
    if (!at_calls.contains(name)) {
      diagnostics.Add(
          idle.step->position,
          fmt::format("`expect_flat: {}` is done {} time{} in a life of the target, and "
                      "tells nothing; expected at least {}, as the last step of "
                      "{{repeat: {}, steps: [...]}}",
                      name, idle.count, idle.count == 1 ? "" : "s", kFewestFlat, kFewestFlat));
    }
  }
}

// `repeat` of a scenario: its steps once for each cycle. Names of steps stand for those of all.
void RepeatSteps(Scenario& scenario, Diagnostics& diagnostics) {
  if (scenario.cycles > 1 && !scenario.targets.empty()) {
    diagnostics.Add(scenario.position,
                    "`repeat` beside `targets`; expected steps `restart` that name a target");
    return;
  }
  const std::vector<Step> cycle = scenario.steps;
  if (cycle.size() * static_cast<size_t>(scenario.cycles) > kMostSteps) {
    diagnostics.Add(scenario.position,
                    fmt::format("{} cycles of {} steps; expected at most {} steps", scenario.cycles,
                                cycle.size(), kMostSteps));
    return;
  }
  for (int i = 1; i < scenario.cycles; ++i) {
    Step restart;
    restart.action = RestartStep{};
    restart.position = scenario.position;
    scenario.steps.push_back(std::move(restart));
    scenario.steps.insert(scenario.steps.end(), cycle.begin(), cycle.end());
  }
}

}  // namespace

void LayOutLives(Scenario& scenario, Diagnostics& diagnostics) {
  RepeatSteps(scenario, diagnostics);
  CheckLives(scenario, diagnostics);
  CheckFlatSteps(scenario, diagnostics);
}

}  // namespace faultline
