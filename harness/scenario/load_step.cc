#include "harness/scenario/load_step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "harness/scenario/load_common.h"
#include "harness/scenario/load_rpc_expectation.h"

namespace faultline {
namespace {

constexpr int kLastExitCode = 255;

using Action = decltype(Step::action);
using ActionReader = std::function<std::optional<Action>(MapReader&)>;

std::optional<Action> ReadRpc(MapReader& map) {
  RpcStep step;
  map.Text("rpc", step.method);
  ReadParams(map, step.params);
  if (const YamlValue* expect = map.Find("expect"); expect != nullptr) {
    step.expect = ReadRpcExpectations(*expect, map.context());
  }
  return step;
}

template <typename FaultsStep>
std::optional<Action> ReadFaultIds(MapReader& map, std::string_view key) {
  FaultsStep step;
  map.Texts(key, step.faults);
  return step;
}

std::optional<Action> ReadSignalStep(MapReader& map) {
  const std::optional<int> signal = ReadSignal(*map.Find("signal"), "`signal`", map.context());
  return signal.has_value() ? std::optional<Action>(SignalStep{*signal}) : std::nullopt;
}

std::optional<Action> ReadTerminal(MapReader& map) {
  const auto text =
      ReadText(*map.Find("type"), "`type`", map.context(), SubstituteStage::kKeepForRun);
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

// The actions in the order of the documentation.
const Words<ActionReader>& Actions() {
  static const Words<ActionReader> kActions = {
      {"wait_ready", ReadWaitReady},
      {"rpc", ReadRpc},
      {"arm", [](MapReader& map) { return ReadFaultIds<ArmStep>(map, "arm"); }},
      {"disarm", [](MapReader& map) { return ReadFaultIds<DisarmStep>(map, "disarm"); }},
      {"signal", ReadSignalStep},
      {"run", [](MapReader& map) { return std::optional<Action>(ReadCommand(map)); }},
      {"type", ReadTerminal},
      {"expect_log", ReadExpectLog},
      {"wait_exit", ReadWaitExit}};
  return kActions;
}

std::vector<std::string> ActionNames() {
  std::vector<std::string> names;
  for (const auto& [name, reader] : Actions()) {
    names.push_back(name);
  }
  names.push_back("include");
  return names;
}

// A step written as a mere word.
std::optional<Step> ReadWordStep(const YamlValue& value, ReadContext& context) {
  static const Words<Action> kWords = {{"wait_ready", WaitReadyStep{}},
                                       {"wait_exit", WaitExitStep{}}};
  const std::vector<std::string> names = ActionNames();
  const bool lacks_value = std::find(names.begin(), names.end(), value.text) != names.end() &&
                           value.text != "wait_ready" && value.text != "wait_exit";
  if (lacks_value) {
    context.diagnostics.Add(
        value.position,
        fmt::format("step `{}` needs a value; expected `{}: ...`", value.text, value.text));
    return std::nullopt;
  }
  auto action = ReadWord(value, "step", context, kWords);
  if (!action.has_value()) {
    return std::nullopt;
  }
  Step step;
  step.action = std::move(*action);
  step.position = value.position;
  return step;
}

// The one action in `value`; nullptr, and told, when there is none or more.
const std::pair<std::string, ActionReader>* FindAction(const YamlValue& value,
                                                       ReadContext& context) {
  const std::pair<std::string, ActionReader>* found = nullptr;
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
  map.Integer("expect_exit", command.expect_exit, 0, kLastExitCode);
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
  std::optional<Action> read = action->second(map);
  map.Finish();
  if (!read.has_value()) {
    return std::nullopt;
  }
  step.action = std::move(*read);
  return step;
}

}  // namespace faultline
