#include "harness/sweep/scenario_writer.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <limits>
#include <sstream>

#include "harness/scenario/substitute.h"
#include "harness/sweep/site_list.h"

namespace faultline {
namespace {

constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

// Loaders replace $$ in texts that no run expands; see substitute.h.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c;
    if (c == '$') {
      escaped += '$';
    }
  }
  return escaped;
}

std::string SignalText(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

class ScenarioWriter {
 public:
  ScenarioWriter(const Scenario& scenario, const std::vector<SitePlace>& places)
      : scenario_(scenario), places_(places) {
    out_.SetIndent(2);
    out_.SetStringFormat(YAML::Auto);
  }

  std::string Write() {
    out_ << YAML::BeginMap;
    Pair("faultline", 1);
    Pair("name", Escaped(scenario_.name));
    Pair("summary", Escaped(scenario_.summary));
    if (scenario_.targets.empty()) {
      Pair("profile", scenario_.profile);
    }
    Map("variables", scenario_.variables);
    if (scenario_.targets.empty()) {
      Texts("extra_args", scenario_.extra_args);
      Texts("app_args", scenario_.app_args);
      WriteEnd(scenario_.end);
    } else {
      WriteTargets();
    }
    Map("environment", scenario_.environment);
    WriteResources();
    WriteSurroundings();
    WriteLimits();
    WritePrepare();
    WriteCompanions();
    if (scenario_.network == Network::kHost) {
      Pair("network", "host");
    }
    if (scenario_.cycles > 1) {
      Pair("repeat", scenario_.cycles);
    }
    if (!scenario_.check_rolled_back) {
      Pair("check_rolled_back", false);
    }
    WriteFaults();
    WritePlaces();
    // Those of one cycle: each but the first stands behind a restart.
    const size_t cycles = static_cast<size_t>(std::max(1, scenario_.cycles));
    const size_t steps = (scenario_.steps.size() + 1) / cycles - 1;
    WriteSteps("steps",
               {scenario_.steps.begin(), scenario_.steps.begin() + static_cast<ptrdiff_t>(steps)});
    out_ << YAML::EndMap;
    return out_.c_str() + std::string("\n");
  }

 private:
  template <typename Value>
  void Pair(const char* key, const Value& value) {
    out_ << YAML::Key << key << YAML::Value << value;
  }
  void QuotedPair(const std::string& key, const std::string& value) {
    out_ << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
  }
  void Map(const char* key, const std::map<std::string, std::string>& values) {
    if (values.empty()) {
      return;
    }
    out_ << YAML::Key << key << YAML::Value << YAML::BeginMap;
    for (const auto& [name, value] : values) {
      QuotedPair(name, value);
    }
    out_ << YAML::EndMap;
  }
  void Texts(const char* key, const std::vector<std::string>& texts) {
    if (texts.empty()) {
      return;
    }
    out_ << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const std::string& text : texts) {
      out_ << YAML::DoubleQuoted << text;
    }
    out_ << YAML::EndSeq;
  }
  // JSON is YAML: one line of it is a value.
  void Json(const char* key, const nlohmann::json& json) {
    out_ << YAML::Key << key << YAML::Value;
    WriteJson(json);
  }
  void WriteJson(const nlohmann::json& json);

  void WriteTargets();
  void WriteEnd(const EndRules& end);
  void WriteStop(const EndRules& end);
  void WriteResources();
  void WriteSurroundings();
  void WriteLimits();
  void WritePrepare();
  void WriteFaults();
  void WritePlaces();
  void WriteAction(const Fault& fault);
  void WriteStep(const Step& step);
  void WriteAction(const WaitReadyStep&) { Pair("wait_ready", YAML::Null); }
  void WriteAction(const RpcStep& step);
  void WriteAction(const ArmStep& step) { Texts("arm", step.faults); }
  void WriteAction(const DisarmStep& step) { Texts("disarm", step.faults); }
  void WriteAction(const SignalStep& step) { Pair("signal", SignalText(step.signal)); }
  void WriteAction(const CommandStep& step) {
    Texts("run", step.argv);
    Numbers("expect_exit", step.expect_exit);
  }
  void WriteAction(const PipelineStep& step);
  void WriteAction(const RawStep& step);
  void WriteAction(const AnswerStep& step);
  void WriteAction(const DisconnectStep& step) { QuotedPair("disconnect", step.connection); }
  void WriteAction(const WaitStep& step) {
    Pair("wait", fmt::format("{}ms", step.duration_ms));
    QuotedPair("reason", Escaped(step.reason));
  }
  void WriteAction(const ExpectAbsentStep& step) { Texts("expect_absent", step.patterns); }
  void WriteAction(const ExpectNoLogStep& step) { QuotedPair("expect_no_log", step.pattern); }
  void WriteAction(const ExpectOpenFilesStep& step);
  void WriteAction(const ExpectFlatStep& step) { QuotedPair("expect_flat", Escaped(step.name)); }
  void WriteAction(const RestartStep& step);
  void WriteAction(const StartCompanionStep& step) { Texts("start_companion", step.companions); }
  void WriteAction(const StopCompanionStep& step) { Texts("stop_companion", step.companions); }
  void WriteAction(const TerminalStep& step) { QuotedPair("type", step.text); }
  void WriteAction(const ExpectLogStep& step) {
    QuotedPair("expect_log", step.pattern);
    if (step.if_it_comes) {
      Pair("if_it_comes", true);
    }
  }
  void WriteAction(const WaitExitStep& step);
  void WriteSteps(const char* key, const std::vector<Step>& steps);
  void WriteCompanions();
  void WriteRequest(const RpcStep& step);
  void WriteConnection(const std::string& connection);
  void WriteTests(const std::vector<ValueTest>& tests);
  void WriteWhere(const std::vector<ValueTest>& where);
  void Numbers(const char* key, const std::vector<int>& numbers);
  void WriteExpectations(const std::vector<RpcExpectation>& expect, const char* key = "expect");
  void WriteExpectation(const RpcExpectation& expectation);

  const Scenario& scenario_;
  const std::vector<SitePlace>& places_;
  YAML::Emitter out_;
};

// A reference that keeps its type stands alone in a plain scalar, which flow style has no place
// for.
bool KeepsType(const nlohmann::json& json) {
  if (json.is_string()) {
    return json.get_ref<const std::string&>().starts_with(kKeepsType);
  }
  return json.is_structured() && std::any_of(json.begin(), json.end(), KeepsType);
}

void ScenarioWriter::WriteJson(const nlohmann::json& json) {
  const YAML::EMITTER_MANIP style = KeepsType(json) ? YAML::Block : YAML::Flow;
  if (json.is_object()) {
    out_ << style << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      out_ << YAML::Key << YAML::DoubleQuoted << key << YAML::Value;
      WriteJson(value);
    }
    out_ << YAML::EndMap;
  } else if (json.is_array()) {
    out_ << style << YAML::BeginSeq;
    for (const nlohmann::json& value : json) {
      WriteJson(value);
    }
    out_ << YAML::EndSeq;
  } else if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    if (KeepsType(json)) {
      out_ << text.substr(1);
    } else {
      out_ << YAML::DoubleQuoted << text;
    }
  } else if (json.is_null()) {
    out_ << YAML::Null;  // the text `null` would be quoted
  } else {
    out_ << json.dump();
  }
}

void ScenarioWriter::WriteTargets() {
  out_ << YAML::Key << "targets" << YAML::Value << YAML::BeginMap;
  for (const std::shared_ptr<const Target>& target : scenario_.targets) {
    out_ << YAML::Key << target->name << YAML::Value << YAML::BeginMap;
    Pair("profile", target->profile_name);
    if (!target->program.empty()) {
      QuotedPair("program", Escaped(target->program));
    }
    Map("variables", target->variables);
    Texts("extra_args", target->extra_args);
    Texts("app_args", target->app_args);
    Map("environment", target->environment);
    WriteEnd(target->end);
    Map("shares", target->shares);
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndMap;
  Pair("subject", scenario_.subject);
}

void ScenarioWriter::WriteEnd(const EndRules& end) {
  if (end.stop) {
    out_ << YAML::Key << "stop" << YAML::Value;
    WriteStop(end);
  } else if (end.stop_signal) {
    Pair("stop_signal", SignalText(*end.stop_signal));
  }
  const bool says_rpc = end.stop && end.stop->kind == StopAction::Kind::kRpc;
  if (end.stop_rpc && !says_rpc) {
    out_ << YAML::Key << "stop_rpc" << YAML::Value << YAML::BeginMap;
    Pair("method", Escaped(end.stop_rpc->method));
    if (!end.stop_rpc->params.is_null()) {
      Json("params", end.stop_rpc->params);
    }
    out_ << YAML::EndMap;
  }
  const auto list = [&](const char* key, const std::vector<int>& values, const auto& text) {
    out_ << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const int value : values) {
      out_ << text(value);
    }
    out_ << YAML::EndSeq;
  };
  if (end.clean_exit_codes) {
    list("clean_exit_codes", *end.clean_exit_codes, [](int code) { return code; });
  }
  if (end.clean_signals) {
    list("clean_signals", *end.clean_signals, SignalText);
  }
}

void ScenarioWriter::WriteStop(const EndRules& end) {
  const StopAction& stop = *end.stop;
  if (stop.kind == StopAction::Kind::kByItself) {
    out_ << "by_itself";
    return;
  }
  out_ << YAML::BeginMap;
  switch (stop.kind) {
    case StopAction::Kind::kSignal:
      Pair("signal", SignalText(end.stop_signal.value_or(SIGTERM)));
      break;
    case StopAction::Kind::kRpc:
      Pair("rpc", Escaped(end.stop_rpc->method));
      if (!end.stop_rpc->params.is_null()) {
        Json("params", end.stop_rpc->params);
      }
      break;
    case StopAction::Kind::kRun:
      Texts("run", stop.argv);
      break;
    case StopAction::Kind::kType:
      QuotedPair("type", stop.text);
      break;
    case StopAction::Kind::kByItself:
      break;
  }
  out_ << YAML::EndMap;
}

void ScenarioWriter::WriteResources() {
  const Resources& resources = scenario_.resources;
  const Surroundings& around = scenario_.surroundings;
  if (!resources.hugetlbfs_mb && !resources.hugepages_mb && !around.dev_shm &&
      !around.read_only_run_dir) {
    return;
  }
  out_ << YAML::Key << "resources" << YAML::Value << YAML::BeginMap;
  if (resources.hugetlbfs_mb) {
    Pair("hugetlbfs_mb", *resources.hugetlbfs_mb);
  }
  if (resources.hugepages_mb) {
    Pair("hugepages_mb", *resources.hugepages_mb);
  }
  if (around.read_only_dev_shm) {
    Pair("dev_shm", "read_only");
  } else if (around.dev_shm) {
    Pair("dev_shm", *around.dev_shm);
  }
  if (around.read_only_run_dir) {
    Pair("run_dir", "read_only");
  }
  out_ << YAML::EndMap;
}

void ScenarioWriter::WriteSurroundings() {
  static const std::map<int, const char*> kNames = {{RLIMIT_NOFILE, "nofile"},
                                                    {RLIMIT_MEMLOCK, "memlock"},
                                                    {RLIMIT_AS, "as"},
                                                    {RLIMIT_FSIZE, "fsize"},
                                                    {RLIMIT_STACK, "stack"}};
  const Surroundings& around = scenario_.surroundings;
  if (!around.limits.empty()) {
    out_ << YAML::Key << "limits_of_process" << YAML::Value << YAML::BeginMap;
    for (const auto& [resource, value] : around.limits) {
      Pair(kNames.at(resource), value == RLIM_INFINITY ? "unlimited" : std::to_string(value));
    }
    out_ << YAML::EndMap;
  }
  if (!around.closed_descriptors.empty()) {
    out_ << YAML::Key << "closed_descriptors" << YAML::Value << YAML::Flow
         << around.closed_descriptors;
  }
  if (around.empty_environment) {
    Pair("environment_from", "empty");
  }
}

void ScenarioWriter::WriteLimits() {
  if (!scenario_.limits_set) {
    return;
  }
  const LimitsMs& limits = scenario_.limits_ms;
  out_ << YAML::Key << "limits" << YAML::Value << YAML::BeginMap;
  Pair("start", fmt::format("{}ms", limits.start));
  Pair("rpc", fmt::format("{}ms", limits.rpc));
  Pair("stop", fmt::format("{}ms", limits.stop));
  out_ << YAML::EndMap;
}

void ScenarioWriter::WritePrepare() {
  if (scenario_.prepare.empty()) {
    return;
  }
  out_ << YAML::Key << "prepare" << YAML::Value << YAML::BeginSeq;
  for (const CommandStep& command : scenario_.prepare) {
    out_ << YAML::BeginMap;
    WriteAction(command);
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WriteFaults() {
  if (scenario_.faults.empty()) {
    return;
  }
  out_ << YAML::Key << "faults" << YAML::Value << YAML::BeginSeq;
  for (const Fault& fault : scenario_.faults) {
    out_ << YAML::BeginMap;
    Pair("id", fault.id);
    Pair("point", fault.point);
    if (!scenario_.subject.empty()) {
      Pair("target", fault.target.empty() ? scenario_.subject : fault.target);
    }
    if (fault.site != 0) {
      QuotedPair("site", SiteHashText(fault.site));
    }
    QuotedPair("nth", fault.last == kForEver      ? fmt::format("{}..", fault.first)
                      : fault.first == fault.last ? std::to_string(fault.first)
                                                  : fmt::format("{}..{}", fault.first, fault.last));
    WriteAction(fault);
    if (fault.life != 0) {
      Pair("life", fault.life);
    }
    if (!fault.after.empty()) {
      Pair("after", fault.after);
    }
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WritePlaces() {
  if (places_.empty()) {
    return;
  }
  out_ << YAML::Key << "places" << YAML::Value << YAML::BeginSeq;
  for (const SitePlace& place : places_) {
    out_ << YAML::BeginMap;
    QuotedPair("site", place.hash);
    Pair("point", place.point);
    QuotedPair("place", Escaped(place.place));
    Pair("index", place.index);
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WriteAction(const Fault& fault) {
  switch (fault.action) {
    case Fault::Action::kFail:
      return;
    case Fault::Action::kSignal:
      Pair("signal", SignalText(fault.signal));
      return;
    case Fault::Action::kRpc:
      Pair("rpc", Escaped(fault.rpc.method));
      if (!fault.rpc.params.is_null()) {
        Json("params", fault.rpc.params);
      }
      WriteExpectations(fault.expect);
      return;
    case Fault::Action::kDropConnection:
      Pair("drop_connection", true);
      return;
    case Fault::Action::kDelay:
      Pair("delay", fmt::format("{}ms", fault.delay_ms));
      return;
    case Fault::Action::kSteps:
      WriteSteps("at_call", fault.at_call);
      return;
    case Fault::Action::kHold:
      QuotedPair("until_step", Escaped(fault.until_step));
      return;
  }
}

void ScenarioWriter::WriteStep(const Step& step) {
  out_ << YAML::BeginMap;
  const auto* restart = std::get_if<RestartStep>(&step.action);
  if (restart != nullptr && restart->is_start) {
    Pair("start", step.target);
  } else {
    std::visit([this](const auto& action) { WriteAction(action); }, step.action);
    if (!step.target.empty()) {
      Pair("target", step.target);
    }
  }
  if (!step.name.empty()) {
    Pair("name", Escaped(step.name));
  }
  if (step.limit_ms) {
    Pair("within", fmt::format("{}ms", *step.limit_ms));
  }
  if (step.even_if_gone) {
    Pair("even_if_gone", true);
  }
  if (step.tolerance) {
    Pair("tolerance",
         *step.tolerance == Tolerance::kMustSucceed ? "must_succeed" : "may_fail_cleanly");
  }
  out_ << YAML::EndMap;
}

void ScenarioWriter::WriteSteps(const char* key, const std::vector<Step>& steps) {
  out_ << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const Step& step : steps) {
    WriteStep(step);
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WriteCompanions() {
  if (scenario_.companions.empty()) {
    return;
  }
  using Kind = Companion::Ready::Kind;
  out_ << YAML::Key << "companions" << YAML::Value << YAML::BeginSeq;
  for (const Companion& companion : scenario_.companions) {
    out_ << YAML::BeginMap;
    QuotedPair("name", Escaped(companion.name));
    Texts("run", companion.argv);
    const char* const word = companion.ready.kind == Kind::kLogLine ? "log"
                             : companion.ready.kind == Kind::kFile  ? "file"
                             : companion.ready.kind == Kind::kPort  ? "port"
                                                                    : "";
    if (word[0] != '\0') {
      Map("ready", {{word, companion.ready.value}});
    }
    Pair("within", fmt::format("{}ms", companion.limit_ms));
    Map("environment", companion.environment);
    if (!companion.may_end.empty()) {
      Numbers("may_end", companion.may_end);
    }
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::Numbers(const char* key, const std::vector<int>& numbers) {
  out_ << YAML::Key << key << YAML::Value;
  if (numbers.size() == 1) {
    out_ << numbers.front();
    return;
  }
  out_ << YAML::Flow << YAML::BeginSeq;
  for (const int number : numbers) {
    out_ << number;
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WriteConnection(const std::string& connection) {
  if (!connection.empty()) {
    QuotedPair("connection", Escaped(connection));
  }
}

void ScenarioWriter::WriteRequest(const RpcStep& step) {
  Pair("rpc", Escaped(step.method));
  if (!step.params.is_null()) {
    Json("params", step.params);
  }
  WriteExpectations(step.expect);
  Map("save", step.save);
}

void ScenarioWriter::WriteAction(const RpcStep& step) {
  WriteRequest(step);
  WriteExpectations(step.until, "until");
  WriteConnection(step.connection);
  if (step.no_wait) {
    Pair("no_wait", true);
  }
}

void ScenarioWriter::WriteAction(const PipelineStep& step) {
  out_ << YAML::Key << "pipeline" << YAML::Value << YAML::BeginSeq;
  for (const RpcStep& request : step.requests) {
    out_ << YAML::BeginMap;
    WriteRequest(request);
    out_ << YAML::EndMap;
  }
  out_ << YAML::EndSeq;
  WriteConnection(step.connection);
}

void ScenarioWriter::WriteAction(const RawStep& step) {
  QuotedPair("raw", step.bytes);
  WriteExpectations(step.expect);
  Map("save", step.save);
  WriteConnection(step.connection);
}

void ScenarioWriter::WriteAction(const AnswerStep& step) {
  QuotedPair("answer_to", Escaped(step.step));
  WriteExpectations(step.expect);
  Map("save", step.save);
}

void ScenarioWriter::WriteAction(const ExpectOpenFilesStep& step) {
  out_ << YAML::Key << "expect_open_files" << YAML::Value;
  WriteTests(step.count);
  if (!step.pattern.empty()) {
    QuotedPair("matching", step.pattern);
  }
}

void ScenarioWriter::WriteAction(const RestartStep& step) {
  out_ << YAML::Key << "restart" << YAML::Value;
  if (step.signal) {
    out_ << SignalText(*step.signal);
  } else {
    out_ << YAML::Null;
  }
}

// Tests of one value.
void ScenarioWriter::WriteTests(const std::vector<ValueTest>& tests) {
  using Kind = ValueTest::Kind;
  static const std::map<Kind, const char*> kWords = {
      {Kind::kEquals, "equals"},   {Kind::kNotEquals, "not_equals"}, {Kind::kAbove, "above"},
      {Kind::kBelow, "below"},     {Kind::kAtLeast, "at_least"},     {Kind::kAtMost, "at_most"},
      {Kind::kMatches, "matches"}, {Kind::kContains, "contains"},    {Kind::kLacks, "lacks"},
      {Kind::kAbsent, "absent"},   {Kind::kPresent, "present"}};
  out_ << YAML::BeginMap;
  std::vector<ValueTest> of_length;
  for (ValueTest test : tests) {
    if (test.of_length) {
      test.of_length = false;
      of_length.push_back(std::move(test));
    } else if (test.kind == Kind::kAbsent || test.kind == Kind::kPresent) {
      Pair(kWords.at(test.kind), true);
    } else {
      Json(kWords.at(test.kind), test.value);
    }
  }
  if (!of_length.empty()) {
    out_ << YAML::Key << "length" << YAML::Value;
    WriteTests(of_length);
  }
  out_ << YAML::EndMap;
}

void ScenarioWriter::WriteWhere(const std::vector<ValueTest>& where) {
  std::map<std::string, std::vector<ValueTest>> by_path;
  for (const ValueTest& test : where) {
    by_path[test.path].push_back(test);
  }
  out_ << YAML::Key << "where" << YAML::Value << YAML::BeginMap;
  for (const auto& [path, tests] : by_path) {
    out_ << YAML::Key << YAML::DoubleQuoted << path << YAML::Value;
    WriteTests(tests);
  }
  out_ << YAML::EndMap;
}

void ScenarioWriter::WriteExpectations(const std::vector<RpcExpectation>& expect, const char* key) {
  if (expect.empty()) {
    return;
  }
  out_ << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const RpcExpectation& expectation : expect) {
    WriteExpectation(expectation);
  }
  out_ << YAML::EndSeq;
}

void ScenarioWriter::WriteExpectation(const RpcExpectation& expectation) {
  switch (expectation.kind) {
    case RpcExpectation::Kind::kNoAnswer:
      out_ << "no_answer";
      return;
    case RpcExpectation::Kind::kGone:
      out_ << "gone";
      return;
    case RpcExpectation::Kind::kResult:
      if (!expectation.value && expectation.where.empty()) {
        out_ << "result";
        return;
      }
      out_ << YAML::BeginMap;
      if (expectation.value) {
        Json("result", *expectation.value);
      }
      if (!expectation.where.empty()) {
        WriteWhere(expectation.where);
      }
      out_ << YAML::EndMap;
      return;
    case RpcExpectation::Kind::kError:
      break;
  }
  if (!expectation.code && expectation.message_pattern.empty()) {
    out_ << "error";
    return;
  }
  out_ << YAML::BeginMap << YAML::Key << "error" << YAML::Value << YAML::BeginMap;
  if (expectation.code) {
    Pair("code", *expectation.code);
  }
  if (!expectation.message_pattern.empty()) {
    QuotedPair("message", expectation.message_pattern);
  }
  out_ << YAML::EndMap << YAML::EndMap;
}

void ScenarioWriter::WriteAction(const WaitExitStep& step) {
  out_ << YAML::Key << "wait_exit" << YAML::Value;
  if (step.expect_exit.empty()) {
    out_ << YAML::Null;
  } else {
    out_ << YAML::Flow << YAML::BeginSeq;
    for (const int code : step.expect_exit) {
      out_ << code;
    }
    out_ << YAML::EndSeq;
  }
  if (step.ask) {
    Pair("ask", true);
  }
}

}  // namespace

std::string WriteScenario(const Scenario& scenario, const std::string& comment,
                          const std::vector<SitePlace>& places) {
  std::string text;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);) {
    text += "# " + line + "\n";
  }
  return text + ScenarioWriter(scenario, places).Write();
}

}  // namespace faultline
