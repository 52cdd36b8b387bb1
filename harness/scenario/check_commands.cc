#include "harness/scenario/check_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "harness/base/program_path.h"
#include "harness/scenario/extended_scenario.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/yaml_value.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// Programs whose first argument, unless it is an option, is a file that they read.
bool IsInterpreter(const std::string& program) {
  static const std::set<std::string> kNames = {"sh",   "bash", "dash", "ksh",   "zsh",
                                               "perl", "ruby", "node", "tclsh", "lua"};
  const std::string name = fs::path(program).filename();
  return kNames.contains(name) || name.starts_with("python");
}

// What is not in PATH may be on the machine that runs the scenario.
enum class Machine { kAny, kThis };

// One argv and where it was written.
class ArgvCheck {
 public:
  ArgvCheck(const SourcePosition& position, Machine machine, CommandCheck& check)
      : position_(position), machine_(machine), check_(check) {
    if (position.file != nullptr) {
      beside_ = fs::path(*position.file).parent_path();
    }
  }

  void Check(const std::vector<std::string>& argv) {
    if (argv.empty()) {
      return;
    }
    CheckProgram(argv[0]);
    if (argv.size() > 1 && IsInterpreter(argv[0]) && !argv[1].starts_with('-')) {
      CheckScript(argv[1]);
    }
  }

 private:
  // A text in which only a run can replace something.
  static bool IsOfRun(const std::string& text) { return text.find("${") != std::string::npos; }

  void CheckProgram(const std::string& written) {
    if (IsOfRun(written)) {
      return;
    }
    const std::string program = ExpandForRun(written, {});
    if (program.find('/') == std::string::npos) {
      CheckInPath(program);
    } else if (!fs::path(program).is_absolute()) {
      CheckRelative(program);
    } else if (!IsProgram(program)) {
      TellMissing(program);
    }
  }

  void CheckScript(const std::string& written) {
    if (IsOfRun(written)) {
      return;
    }
    const std::string script = ExpandForRun(written, {});
    std::error_code ignored;
    if (!fs::path(script).is_absolute()) {
      CheckRelative(script);
    } else if (!fs::exists(script, ignored) || fs::is_directory(script, ignored)) {
      TellMissing(script);
    }
  }

  void CheckInPath(const std::string& program) {
    if (!FindInPath(program).empty()) {
      return;
    }
    const std::string message = fmt::format(
        "`{}` is not in PATH{}", program,
        IsBeside(program) ? ExpectBeside(program) : DidYouMean(program, ProgramsInPath()));
    (machine_ == Machine::kThis ? check_.mistakes : check_.warnings).Add(position_, message);
  }

  // Commands run in the run's directory, where a command before may have put this file.
  void CheckRelative(const std::string& path) {
    if (IsBeside(path)) {
      check_.warnings.Add(position_, fmt::format("`{}` is taken from the run's directory{}", path,
                                                 ExpectBeside(path)));
    }
  }

  bool IsBeside(const std::string& path) const {
    std::error_code ignored;
    return position_.file != nullptr && fs::is_regular_file(beside_ / path, ignored);
  }

  static std::string ExpectBeside(const std::string& path) {
    return fmt::format("; expected ${{scenario_dir}}/{} for the file beside the scenario",
                       fs::path(path).lexically_normal().string());
  }

  void TellMissing(const fs::path& path) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(path.parent_path(), error), end; !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename());
    }
    std::sort(names.begin(), names.end());
    const bool is_there = fs::exists(path, error);
    check_.mistakes.Add(position_,
                        fmt::format("`{}`: {}{}", path.string(), WhyNoProgram(path),
                                    is_there ? "" : DidYouMean(path.filename().string(), names)));
  }

  const SourcePosition& position_;
  const Machine machine_;
  CommandCheck& check_;
  fs::path beside_;
};

void CheckStop(const StopAction& stop, Machine machine, CommandCheck& check) {
  if (stop.kind == StopAction::Kind::kRun) {
    ArgvCheck(stop.position, machine, check).Check(stop.argv);
  }
}

void CheckSteps(const std::vector<Step>& steps, Machine machine, CommandCheck& check) {
  for (const Step& step : steps) {
    if (const auto* command = std::get_if<CommandStep>(&step.action)) {
      ArgvCheck(step.position, machine, check).Check(command->argv);
    }
  }
}

// Where the commands of `prepare` were written, in their order.
std::vector<SourcePosition> PositionsOfPrepare(const Scenario& scenario) {
  Diagnostics ignored;
  std::vector<SourcePosition> positions(scenario.prepare.size(), scenario.position);
  const YamlPtr written = scenario.prepare.empty() || scenario.file.empty()
                              ? nullptr
                              : ReadYamlFile(scenario.file, ignored);
  if (written == nullptr) {
    return positions;
  }
  const YamlPtr root = WithExtendedScenario(written, scenario.file, DataPath(), ignored);
  const YamlValue::Entry* prepare =
      root->kind == YamlValue::Kind::kMap ? root->Find("prepare") : nullptr;
  for (size_t i = 0; prepare != nullptr && i < positions.size(); ++i) {
    if (i < prepare->value->items.size()) {
      positions[i] = prepare->value->items[i]->position;
    }
  }
  return positions;
}

void CheckAll(const LoadedScenario& loaded, Machine machine, CommandCheck& check) {
  const Scenario& scenario = loaded.scenario;
  const std::vector<SourcePosition> positions = PositionsOfPrepare(scenario);
  for (size_t i = 0; i < positions.size(); ++i) {
    ArgvCheck(positions[i], machine, check).Check(scenario.prepare[i].argv);
  }
  for (const Companion& companion : scenario.companions) {
    ArgvCheck(companion.position, machine, check).Check(companion.argv);
  }
  CheckSteps(scenario.steps, machine, check);
  for (const Fault& fault : scenario.faults) {
    CheckSteps(fault.at_call, machine, check);
  }
  CheckStop(loaded.profile.stop, machine, check);
  for (const auto& target : scenario.targets) {
    CheckStop(target->profile.stop, machine, check);
  }
}

}  // namespace

void CheckStopCommand(const StopAction& stop, CommandCheck& check) {
  CheckStop(stop, Machine::kAny, check);
}

void CheckStepCommands(const std::vector<Step>& steps, CommandCheck& check) {
  CheckSteps(steps, Machine::kAny, check);
}

void CheckCommands(const LoadedScenario& loaded, CommandCheck& check) {
  CheckAll(loaded, Machine::kAny, check);
}

void RequireCommands(const LoadedScenario& loaded) {
  CommandCheck check;
  CheckAll(loaded, Machine::kThis, check);
  check.mistakes.ThrowIfAny();
}

}  // namespace faultline
