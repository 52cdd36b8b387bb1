#include "harness/run/run_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "harness/oracle/oracle.h"
#include "harness/protocol/layout.h"
#include "harness/run/module_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_names.h"

namespace faultline {
namespace {

// Part of the key: what older rules made of a run is found anew.
constexpr char kFormat[] = "fault-free-6";

// Collects texts such that no two different sequences give the same key.
class KeyMaker {
 public:
  void Add(std::string_view text) {
    hash_ = protocol::HashMix(hash_, text.size());
    hash_ = protocol::HashMix(hash_, protocol::HashText(text));
  }
  void Add(const std::vector<std::string>& texts) {
    hash_ = protocol::HashMix(hash_, texts.size());
    for (const std::string& text : texts) {
      Add(text);
    }
  }
  void Add(const std::map<std::string, std::string>& texts) {
    hash_ = protocol::HashMix(hash_, texts.size());
    for (const auto& [name, value] : texts) {
      Add(name);
      Add(value);
    }
  }
  void Add(std::optional<int> value) { Add(value ? std::to_string(*value) : "none"); }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};

// An argument, and what the files are like that it names: a script whose text is another now may
// do something else.
void AddWithFiles(const std::string& argument, KeyMaker& key) {
  constexpr char kBetween[] = " \t\n;&|()<>\"'`=,:";
  key.Add(argument);
  size_t end = 0;
  for (size_t begin = argument.find('/'); begin != std::string::npos;
       begin = argument.find('/', end)) {
    end = std::min(argument.find_first_of(kBetween, begin), argument.size());
    const std::string path = argument.substr(begin, end - begin);
    const bool is_whole =
        begin == 0 || std::string_view(kBetween).find(argument[begin - 1]) != std::string::npos;
    std::error_code error;
    if (is_whole && std::filesystem::is_regular_file(path, error)) {
      key.Add(ProgramKey(path));
    }
  }
}

// Its program is not there: it stands for itself.
std::string ProgramKeyOf(const Target& target) {
  const ProgramSearch search = FindProgram(target.profile, {}, OwnDirectory());
  return search.problem.empty() ? ProgramKey(search.program) : target.program;
}

// How a target is started, beside its profile's name.
void AddCommandLine(const Profile& profile, KeyMaker& key) {
  key.Add(profile.name);
  key.Add(profile.args);
  key.Add(profile.args_with_hugetlbfs);
  key.Add(profile.args_without_hugetlbfs);
  key.Add(profile.app_args);
  key.Add(profile.environment);
}

void AddTarget(const Target& target, KeyMaker& key) {
  key.Add(target.name);
  key.Add(ProgramKeyOf(target));
  AddCommandLine(target.profile, key);
  key.Add(target.extra_args);
  key.Add(target.app_args);
  key.Add(target.environment);
  key.Add(target.shares);
  key.Add(static_cast<int>(target.profile.stop.kind));
  key.Add(target.profile.stop.argv);
  key.Add(target.profile.stop.text);
  key.Add(target.profile.stop_signal);
}

void AddStep(const Step& step, KeyMaker& key) {
  key.Add(step.target);
  key.Add(std::to_string(step.action.index()));
  key.Add(step.Title());
  if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
    key.Add(rpc->params.dump());
    key.Add(rpc->connection);
    key.Add(rpc->save);
    key.Add(std::to_string(rpc->no_wait));
  } else if (const auto* pipeline = std::get_if<PipelineStep>(&step.action)) {
    key.Add(pipeline->connection);
    for (const RpcStep& request : pipeline->requests) {
      key.Add(request.method);
      key.Add(request.params.dump());
      key.Add(request.save);
    }
  } else if (const auto* raw = std::get_if<RawStep>(&step.action)) {
    key.Add(raw->bytes);
    key.Add(raw->connection);
  } else if (const auto* command = std::get_if<CommandStep>(&step.action)) {
    key.Add(command->argv);
  } else if (const auto* terminal = std::get_if<TerminalStep>(&step.action)) {
    key.Add(terminal->text);
  }
}

void AddTests(const std::vector<ValueTest>& tests, KeyMaker& key) {
  for (const ValueTest& test : tests) {
    key.Add(test.path);
    key.Add(std::to_string(static_cast<int>(test.kind) * 2 + (test.of_length ? 1 : 0)));
    key.Add(test.value.dump());
  }
}

void AddExpectation(const RpcExpectation& expectation, KeyMaker& key) {
  key.Add(std::to_string(static_cast<int>(expectation.kind)));
  key.Add(expectation.value ? expectation.value->dump() : "any");
  key.Add(expectation.code);
  key.Add(expectation.message_pattern);
  AddTests(expectation.where, key);
}

void AddExpectations(const std::vector<RpcExpectation>& expect, KeyMaker& key) {
  for (const RpcExpectation& expectation : expect) {
    AddExpectation(expectation, key);
  }
}

// What a step asks for.
void AddRules(const Step& step, KeyMaker& key) {
  key.Add(step.limit_ms);
  key.Add(step.tolerance ? std::optional<int>(static_cast<int>(*step.tolerance)) : std::nullopt);
  if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
    AddExpectations(rpc->expect, key);
    AddExpectations(rpc->until, key);
  } else if (const auto* pipeline = std::get_if<PipelineStep>(&step.action)) {
    for (const RpcStep& request : pipeline->requests) {
      AddExpectations(request.expect, key);
    }
  } else if (const auto* raw = std::get_if<RawStep>(&step.action)) {
    AddExpectations(raw->expect, key);
  } else if (const auto* answer = std::get_if<AnswerStep>(&step.action)) {
    AddExpectations(answer->expect, key);
  } else if (const auto* files = std::get_if<ExpectOpenFilesStep>(&step.action)) {
    AddTests(files->count, key);
  } else if (const auto* command = std::get_if<CommandStep>(&step.action)) {
    for (const int code : command->expect_exit) {
      key.Add(code);
    }
  } else if (const auto* log = std::get_if<ExpectLogStep>(&step.action)) {
    key.Add(log->pattern);
    key.Add(log->if_it_comes ? 1 : 0);
  } else if (const auto* exit = std::get_if<WaitExitStep>(&step.action)) {
    for (const int code : exit->expect_exit) {
      key.Add(code);
    }
    key.Add(exit->ask ? 1 : 0);
  } else if (const auto* signal = std::get_if<SignalStep>(&step.action)) {
    key.Add(signal->signal);
  }
}

void AddRules(const Profile& profile, KeyMaker& key) {
  key.Add(std::to_string(static_cast<int>(profile.ready.kind)));
  key.Add(profile.ready.rpc_method);
  key.Add(profile.ready.value);
  key.Add(profile.stop_signal);
  key.Add(profile.stop_rpc.method);
  key.Add(profile.stop_rpc.params.dump());
  key.Add(static_cast<int>(profile.stop.kind));
  key.Add(profile.stop.argv);
  key.Add(profile.stop.text);
  for (const auto* numbers : {&profile.clean.exit_codes, &profile.clean.signals}) {
    key.Add(static_cast<int>(numbers->size()));
    for (const int number : *numbers) {
      key.Add(number);
    }
  }
  for (const LogPattern& pattern : profile.log_patterns) {
    key.Add(pattern.kind);
    key.Add(pattern.pattern);
  }
  for (const DeliberateAbort& abort : profile.deliberate_abort) {
    key.Add(abort.pattern);
    key.Add(abort.allowed ? 1 : 0);
    key.Add(abort.note_when);
  }
  key.Add(profile.error_lines);
  key.Add(profile.leftovers);
}

}  // namespace

std::string CommandLineKey(const Scenario& scenario, const Profile& profile) {
  KeyMaker key;
  key.Add(profile.name);
  const Variables known = {{"own_dir", OwnDirectory()}};
  for (const std::vector<std::string>* arguments :
       {&profile.args, &profile.args_with_hugetlbfs, &profile.args_without_hugetlbfs,
        &scenario.extra_args, &profile.app_args, &scenario.app_args}) {
    for (const std::string& argument : *arguments) {
      AddWithFiles(WithValues(argument, known), key);
    }
    key.Add("");
  }
  const char* path = std::getenv("PATH");
  key.Add(path != nullptr ? path : "");
  key.Add(profile.environment);
  key.Add(scenario.environment);
  key.Add(std::vector<std::string>{profile.wraps, profile.arguments_proof.function,
                                   profile.arguments_proof.log_pattern});
  return fmt::format("{:016x}", key.hash());
}

std::string ScenarioKey(const Scenario& scenario, const Profile& profile) {
  KeyMaker key;
  key.Add(kFormat);
  key.Add(scenario.name);
  key.Add(profile.name);
  key.Add(profile.args);
  key.Add(profile.args_with_hugetlbfs);
  key.Add(profile.args_without_hugetlbfs);
  key.Add(scenario.extra_args);
  key.Add(profile.app_args);
  key.Add(scenario.app_args);
  key.Add(static_cast<int>(profile.stop.kind));
  key.Add(profile.stop.argv);
  key.Add(profile.stop.text);
  key.Add(profile.stop_signal);
  key.Add(profile.environment);
  key.Add(scenario.environment);
  key.Add(scenario.variables);
  key.Add(scenario.resources.hugetlbfs_mb);
  for (const auto& [resource, value] : scenario.surroundings.limits) {
    key.Add(fmt::format("{}={}", resource, value));
  }
  for (const int fd : scenario.surroundings.closed_descriptors) {
    key.Add(fd);
  }
  key.Add(scenario.surroundings.empty_environment ? 1 : 0);
  key.Add(scenario.surroundings.read_only_run_dir ? 1 : 0);
  key.Add(std::to_string(scenario.surroundings.dev_shm.value_or(0)));
  key.Add(std::to_string(scenario.surroundings.run_dir.value_or(0)));
  key.Add(scenario.surroundings.read_only_dev_shm ? 1 : 0);
  for (const auto& [path, bytes] : scenario.surroundings.directories) {
    key.Add(fmt::format("{}={}", path, bytes));
  }
  for (const CommandStep& command : scenario.prepare) {
    key.Add(command.argv);
  }
  for (const Companion& companion : scenario.companions) {
    key.Add(companion.name);
    key.Add(companion.argv);
    key.Add(companion.environment);
    key.Add(companion.ready.value);
  }
  for (const StateProbe& probe : profile.state_probes) {
    key.Add(probe.call.method + probe.call.params.dump());
    key.Add(probe.keys);
    key.Add(probe.not_state);
    key.Add(probe.only);
    key.Add(probe.promised ? 1 : 0);
  }
  key.Add(static_cast<int>(scenario.network));
  key.Add(scenario.subject);
  for (const std::shared_ptr<const Target>& target : scenario.targets) {
    AddTarget(*target, key);
  }
  for (const Step& step : scenario.steps) {
    AddStep(step, key);
  }
  return fmt::format("{:016x}", key.hash());
}

std::string RulesKey(const Scenario& scenario, const Profile& profile, const Catalogue& catalogue) {
  KeyMaker key;
  key.Add(std::to_string(OracleVersion()));
  key.Add(static_cast<int>(scenario.tolerance));
  for (const int limit_ms :
       {scenario.limits_ms.start, scenario.limits_ms.rpc, scenario.limits_ms.stop}) {
    key.Add(limit_ms);
  }
  for (const Step& step : scenario.steps) {
    AddRules(step, key);
  }
  AddRules(profile, key);
  for (const std::shared_ptr<const Target>& target : scenario.targets) {
    AddRules(target->profile, key);
    key.Add(ObserverKey(target->catalogue));
  }
  for (const FaultPoint& point : catalogue.points) {
    key.Add(point.name);
    key.Add(std::to_string(point.failure.result));
    key.Add(point.failure.errno_value);
  }
  key.Add(ObserverKey(catalogue));
  return fmt::format("{:016x}", key.hash());
}

std::string ObserverKey(const Catalogue& catalogue) {
  KeyMaker key;
  for (const Observer& observer : catalogue.observers) {
    key.Add(observer.name);
    key.Add(observer.registry);
    key.Add(observer.symbols);
  }
  return fmt::format("{:016x}", key.hash());
}

}  // namespace faultline
