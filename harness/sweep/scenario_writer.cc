#include "harness/sweep/scenario_writer.h"

#include <algorithm>
#include <sstream>

#include "harness/scenario/vacuous.h"
#include "harness/sweep/fault_writer.h"
#include "harness/sweep/step_writer.h"
#include "harness/sweep/surroundings_writer.h"
#include "harness/sweep/target_writer.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {
namespace {

// Those of one cycle: each but the first stands behind a restart.
std::vector<Step> StepsOfOneCycle(const Scenario& scenario) {
  const size_t cycles = static_cast<size_t>(std::max(1, scenario.cycles));
  const size_t steps = (scenario.steps.size() + 1) / cycles - 1;
  std::vector<Step> cycle{scenario.steps.begin(),
                          scenario.steps.begin() + static_cast<ptrdiff_t>(steps)};
  // Of repetitions that reducing has taken away, those that are left tell nothing, and the loader
  // refuses them.
  for (const IdleFlat& idle : IdleFlatSteps(scenario.steps)) {
    const std::string name = std::get<ExpectFlatStep>(idle.step->action).name;
    std::erase_if(cycle, [&, target = idle.step->target](const Step& step) {
      const auto* flat = std::get_if<ExpectFlatStep>(&step.action);
      return flat != nullptr && flat->name == name && step.target == target;
    });
  }
  return cycle;
}

std::string WriteDocument(const Scenario& scenario, const std::vector<SitePlace>& places) {
  YamlWriter yaml;
  yaml.out() << YAML::BeginMap;
  yaml.Pair("faultline", 1);
  yaml.Pair("name", Escaped(scenario.name));
  yaml.Pair("summary", Escaped(scenario.summary));
  if (scenario.targets.empty()) {
    yaml.Pair("profile", scenario.profile);
  }
  yaml.Map("variables", scenario.variables);
  if (scenario.targets.empty()) {
    yaml.Texts("extra_args", scenario.extra_args);
    yaml.Texts("app_args", scenario.app_args);
    WriteEnd(yaml, scenario.end);
  } else {
    WriteTargets(yaml, scenario);
  }
  yaml.Map("environment", scenario.environment);
  WriteSurroundings(yaml, scenario);
  if (scenario.cycles > 1) {
    yaml.Pair("repeat", scenario.cycles);
  }
  if (!scenario.check_rolled_back) {
    yaml.Pair("check_rolled_back", false);
  }
  WriteFaults(yaml, scenario);
  WritePlaces(yaml, places);
  WriteSteps(yaml, "steps", StepsOfOneCycle(scenario));
  yaml.out() << YAML::EndMap;
  return yaml.Text() + "\n";
}

}  // namespace

std::string WriteScenario(const Scenario& scenario, const std::string& comment,
                          const std::vector<SitePlace>& places) {
  std::string text;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);) {
    text += "# " + line + "\n";
  }
  return text + WriteDocument(scenario, places);
}

}  // namespace faultline
