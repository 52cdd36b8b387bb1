#include "harness/scenario/load_step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/scenario/load_answer.h"
#include "harness/scenario/load_rpc_step.h"
#include "harness/scenario/vacuous.h"

namespace faultline {
namespace {

constexpr int kLastExitCode = 255;
constexpr char kFaultIds[] = "ids of faults";
constexpr char kCompanionNames[] = "names of companions";

using Action = StepAction;
using ActionReader = std::optional<Action> (*)(MapReader&);

template <typename NamesStep>
std::optional<Action> ReadNames(MapReader& map, std::string_view key,
                                std::vector<std::string> NamesStep::*names,
                                std::string_view expected) {
  NamesStep step;
  map.SomeTexts(key, step.*names, expected);
  return step;
}

std::optional<Action> ReadSignalStep(MapReader& map) {
  const std::optional<int> signal = ReadSignal(*map.Find("signal"), "`signal`", map.context());
  return signal.has_value() ? std::optional<Action>(SignalStep{*signal}) : std::nullopt;
}

std::optional<Action> ReadTerminal(MapReader& map) {
  const auto text =
      ReadText(*map.Find("type"), "`type`", map.context(), SubstituteStage::kKeepForRun);
  if (text == "") {
    ReportWrongType(*map.Find("type"), "`type`", "at least one character", map.context());
  }
  return text.has_value() ? std::optional<Action>(TerminalStep{*text}) : std::nullopt;
}

std::optional<Action> ReadExpectLog(MapReader& map) {
  ExpectLogStep step;
  map.Pattern("expect_log", step.pattern, SubstituteStage::kKeepForRun);
  map.Bool("if_it_comes", step.if_it_comes);
  return step;
}

std::optional<Action> ReadWaitExit(MapReader& map) {
  WaitExitStep step;
  if (const YamlValue* codes = map.Find("wait_exit"); codes->kind != YamlValue::Kind::kNull) {
    step.expect_exit = ReadIntegers(*codes, "`wait_exit`", map.context(), 0, kLastExitCode);
    if (codes->kind == YamlValue::Kind::kSequence && codes->items.empty()) {
      ReportWrongType(*codes, "`wait_exit`", "exit codes, or nothing for any", map.context());
    }
  }
  map.Bool("ask", step.ask);
  return step;
}

std::optional<Action> ReadWaitReady(MapReader& map) {
  if (const YamlValue* value = map.Find("wait_ready"); value->kind != YamlValue::Kind::kNull) {
    ReportWrongType(*value, "`wait_ready`", "nothing", map.context());
  }
  return WaitReadyStep{};
}

std::optional<Action> ReadWait(MapReader& map) {
  WaitStep step;
  map.DurationMs("wait", step.duration_ms);
  map.Require("reason");
  map.Text("reason", step.reason);
  return step;
}

std::optional<Action> ReadExpectAbsent(MapReader& map) {
  ExpectAbsentStep step;
  map.SomeTexts("expect_absent", step.patterns, "names or globs of files",
                SubstituteStage::kKeepForRun);
  return step;
}

std::optional<Action> ReadExpectNoLog(MapReader& map) {
  ExpectNoLogStep step;
  map.Pattern("expect_no_log", step.pattern, SubstituteStage::kKeepForRun);
  return step;
}

std::optional<Action> ReadExpectOpenFiles(MapReader& map) {
  ExpectOpenFilesStep step;
  map.Pattern("matching", step.pattern, SubstituteStage::kKeepForRun);
  step.count = ReadValueTests(*map.Find("expect_open_files"), "`expect_open_files`", map.context());
  for (const ValueTest& test : step.count) {
    const bool is_reference =
        test.value.is_string() && test.value.get_ref<const std::string&>().starts_with(kKeepsType);
    const bool is_negative = test.value.is_number() && test.value.get<double>() < 0;
    if (test.of_length || is_negative || !(test.value.is_number() || is_reference)) {
      ReportWrongType(*map.Find("expect_open_files"), "`expect_open_files`",
                      "a number from 0, or tests of it as {at_most: 20}", map.context());
      return step;
    }
  }
  if (!step.count.empty() && std::ranges::all_of(step.count, HoldsOfEveryCount)) {
    ReportWrongType(*map.Find("expect_open_files"), "`expect_open_files`",
                    "a number, or tests that some number does not pass, as {at_most: 20}",
                    map.context());
  }
  return step;
}

std::optional<Action> ReadExpectFlat(MapReader& map) {
  ExpectFlatStep step;
  map.Text("expect_flat", step.name);
  if (step.name.empty()) {
    ReportWrongType(*map.Find("expect_flat"), "`expect_flat`", "a name of what is repeated",
                    map.context());
  }
  return step;
}

std::optional<Action> ReadRestart(MapReader& map) {
  RestartStep step;
  if (const YamlValue* how = map.Find("restart"); how->kind != YamlValue::Kind::kNull) {
    step.signal = ReadSignal(*how, "`restart`", map.context());
  }
  return step;
}

// {start: TARGET}
std::optional<Action> ReadStart(MapReader&) {
  RestartStep step;
  step.is_start = true;
  return step;
}

// The actions in the order of the documentation.
const Words<ActionReader>& Actions() {
  static const Words<ActionReader> kActions = {
      {"wait_ready", ReadWaitReady},
      {"rpc", ReadRpcStep},
      {"pipeline", ReadPipelineStep},
      {"raw", ReadRawStep},
      {"answer_to", ReadAnswerStep},
      {"disconnect", ReadDisconnectStep},
      {"arm", [](MapReader& map) { return ReadNames(map, "arm", &ArmStep::faults, kFaultIds); }},
      {"disarm",
       [](MapReader& map) { return ReadNames(map, "disarm", &DisarmStep::faults, kFaultIds); }},
      {"signal", ReadSignalStep},
      {"run", [](MapReader& map) { return std::optional<Action>(ReadCommand(map)); }},
      {"type", ReadTerminal},
      {"expect_log", ReadExpectLog},
      {"expect_no_log", ReadExpectNoLog},
      {"expect_absent", ReadExpectAbsent},
      {"expect_open_files", ReadExpectOpenFiles},
      {"expect_flat", ReadExpectFlat},
      {"wait", ReadWait},
      {"wait_exit", ReadWaitExit},
      {"restart", ReadRestart},
      {"start", ReadStart},
      {"start_companion",
       [](MapReader& map) {
         return ReadNames(map, "start_companion", &StartCompanionStep::companions, kCompanionNames);
       }},
      {"stop_companion", [](MapReader& map) {
         return ReadNames(map, "stop_companion", &StopCompanionStep::companions, kCompanionNames);
       }}};
  return kActions;
}

std::vector<std::string> ActionNames() {
  std::vector<std::string> names;
  for (const auto& [name, reader] : Actions()) {
    names.emplace_back(name);
  }
  for (const char* block : {"include", "for_each", "repeat"}) {
    names.emplace_back(block);
  }
  return names;
}

// A step written as a mere word.
std::optional<Step> ReadWordStep(const YamlValue& value, ReadContext& context) {
  // Functions that make a step, not steps: GCC 12 takes 12 s to find that no table of steps is a
  // constant.
  static const Words<Action (*)()> kWords = {
      {"wait_ready", [] { return Action(WaitReadyStep{}); }},
      {"wait_exit", [] { return Action(WaitExitStep{}); }},
      {"restart", [] { return Action(RestartStep{}); }},
      {"disconnect", [] { return Action(DisconnectStep{}); }}};
  const std::vector<std::string> names = ActionNames();
  const bool is_word = std::any_of(kWords.begin(), kWords.end(),
                                   [&](const auto& word) { return word.first == value.text; });
  const bool lacks_value =
      std::find(names.begin(), names.end(), value.text) != names.end() && !is_word;
  if (lacks_value) {
    context.diagnostics.Add(
        value.position,
        fmt::format("step `{}` needs a value; expected `{}: ...`", value.text, value.text));
    return std::nullopt;
  }
  const auto make_action = ReadWord(value, "step", context, kWords);
  if (!make_action.has_value()) {
    return std::nullopt;
  }
  Step step;
  step.action = (*make_action)();
  step.position = value.position;
  return step;
}

// The one action in `value`; nullptr, and told, when there is none or more.
const Words<ActionReader>::value_type* FindAction(const YamlValue& value, ReadContext& context) {
  const Words<ActionReader>::value_type* found = nullptr;
  for (const auto& action : Actions()) {
    const YamlValue::Entry* entry = value.Find(action.first);
    if (entry == nullptr) {
      continue;
    }
    if (found != nullptr) {
      context.diagnostics.Add(entry->key_position,
                              fmt::format("a step does one thing; this one has `{}` and `{}`",
                                          found->first, action.first));
      return nullptr;
    }
    found = &action;
  }
  if (found == nullptr && !value.entries.empty()) {
    ReportUnknownWord(value.entries[0].key_position, "step", value.entries[0].key, ActionNames(),
                      context);
  } else if (found == nullptr) {
    context.diagnostics.Add(value.position, fmt::format("an empty step; expected one of {}",
                                                        fmt::join(ActionNames(), ", ")));
  }
  return found;
}

}  // namespace

std::optional<Tolerance> ReadToleranceWord(const YamlValue& value, ReadContext& context) {
  static const Words<Tolerance> kTolerances = {{"must_succeed", Tolerance::kMustSucceed},
                                               {"may_fail_cleanly", Tolerance::kMayFailCleanly}};
  return ReadWord(value, "tolerance", context, kTolerances);
}

std::set<std::string> SavedBy(const Step& step) {
  std::set<std::string> names;
  const auto add = [&names](const std::map<std::string, std::string>& save) {
    for (const auto& [name, path] : save) {
      names.insert(name);
    }
  };
  if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
    add(rpc->save);
  } else if (const auto* pipeline = std::get_if<PipelineStep>(&step.action)) {
    for (const RpcStep& request : pipeline->requests) {
      add(request.save);
    }
  } else if (const auto* raw = std::get_if<RawStep>(&step.action)) {
    add(raw->save);
  } else if (const auto* answer = std::get_if<AnswerStep>(&step.action)) {
    add(answer->save);
  }
  return names;
}

CommandStep ReadCommand(MapReader& map) {
  CommandStep command;
  if (const YamlValue* argv = map.Require("run"); argv != nullptr) {
    if (argv->kind != YamlValue::Kind::kSequence || argv->items.empty()) {
      ReportWrongType(*argv, "`run`", "a list of program and arguments (no shell reads it)",
                      map.context());
    } else {
      command.argv = ReadTexts(*argv, "`run`", map.context(), SubstituteStage::kKeepForRun);
    }
  }
  if (const YamlValue* codes = map.Find("expect_exit"); codes != nullptr) {
    command.expect_exit = ReadIntegers(*codes, "`expect_exit`", map.context(), 0, kLastExitCode);
    if (codes->kind == YamlValue::Kind::kSequence && codes->items.empty()) {
      ReportWrongType(*codes, "`expect_exit`", "exit codes", map.context());
    }
  }
  return command;
}

std::optional<Step> ReadStep(const YamlValue& value, ReadContext& context) {
  if (value.kind == YamlValue::Kind::kScalar) {
    return ReadWordStep(value, context);
  }
  if (value.kind != YamlValue::Kind::kMap) {
    ReportWrongType(value, "a step", fmt::format("one of {}", fmt::join(ActionNames(), ", ")),
                    context);
    return std::nullopt;
  }
  const auto* action = FindAction(value, context);
  if (action == nullptr) {
    return std::nullopt;
  }
  Step step;
  step.position = value.position;
  MapReader map(value, fmt::format("step `{}`", action->first), context);
  map.Find(action->first);
  map.Text("name", step.name);
  if (const YamlValue* within = map.Find("within"); within != nullptr) {
    step.limit_ms = ReadDurationMs(*within, "`within`", context);
  }
  map.Bool("even_if_gone", step.even_if_gone);
  map.Text(action->first == "start" ? "start" : "target", step.target);
  if (const YamlValue* tolerance = map.Find("tolerance"); tolerance != nullptr) {
    step.tolerance = ReadToleranceWord(*tolerance, context);
  }
  std::optional<Action> read = action->second(map);
  map.Finish();
  if (!read.has_value()) {
    return std::nullopt;
  }
  step.action = std::move(*read);
  return step;
}

}  // namespace faultline
