#include "harness/scenario/load_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "harness/scenario/load_common.h"
#include "harness/scenario/named_values.h"

namespace faultline {
namespace {

constexpr int kLastEndExitCode = 255;
constexpr char kStopForms[] =
    "`by_itself`, {signal: SIGNAL}, {rpc: METHOD}, {run: [PROGRAM, ARGUMENT ...]} or {type: TEXT}";

std::optional<RpcCall> ReadStopRpc(MapReader& map) {
  const YamlValue* value = map.Find("stop_rpc");
  if (value == nullptr) {
    return std::nullopt;
  }
  RpcCall call;
  MapReader reader(*value, "`stop_rpc`", map.context());
  reader.Require("method");
  reader.Text("method", call.method);
  ReadParams(reader, call.params);
  reader.Finish();
  return call;
}

// The one way in `stop`'s map.
void ReadStopWay(const YamlValue& value, ReadContext& context, EndRules& rules) {
  StopAction stop;
  stop.position = value.position;
  MapReader reader(value, "`stop`", context);
  int ways = 0;
  if (const YamlValue* signal = reader.Find("signal"); signal != nullptr) {
    ++ways;
    rules.stop_signal = ReadSignal(*signal, "`signal`", context);
  }
  if (reader.Find("rpc") != nullptr) {
    ++ways;
    stop.kind = StopAction::Kind::kRpc;
    RpcCall call;
    reader.Text("rpc", call.method);
    ReadParams(reader, call.params);
    rules.stop_rpc = call;
  }
  if (const YamlValue* argv = reader.Find("run"); argv != nullptr) {
    ++ways;
    stop.kind = StopAction::Kind::kRun;
    if (argv->kind != YamlValue::Kind::kSequence || argv->items.empty()) {
      ReportWrongType(*argv, "`run`", "a list of program and arguments (no shell reads it)",
                      context);
    } else {
      stop.argv = ReadTexts(*argv, "`run`", context, SubstituteStage::kKeepForRun);
      stop.position = argv->items.front()->position;
    }
  }
  if (const YamlValue* text = reader.Find("type"); text != nullptr) {
    ++ways;
    stop.kind = StopAction::Kind::kType;
    stop.text = ReadText(*text, "`type`", context, SubstituteStage::kKeepForRun).value_or("");
  }
  reader.Finish();
  if (ways > 1) {
    context.diagnostics.Add(
        value.position, fmt::format("`stop` has {} ways; expected one of {}", ways, kStopForms));
  } else if (ways == 1) {
    rules.stop = stop;
  } else if (value.entries.empty()) {
    ReportWrongType(value, "`stop`", kStopForms, context);
  }
}

void ReadStop(MapReader& map, EndRules& rules) {
  const YamlValue* value = map.Find("stop");
  if (value == nullptr) {
    return;
  }
  if (value->kind == YamlValue::Kind::kMap) {
    if (map.Find("stop_signal") != nullptr && value->Find("signal") != nullptr) {
      map.context().diagnostics.Add(
          value->position, "`stop` and `stop_signal` both name a signal; expected one of the two");
    }
    ReadStopWay(*value, map.context(), rules);
    return;
  }
  if (value->kind != YamlValue::Kind::kScalar) {
    ReportWrongType(*value, "`stop`", kStopForms, map.context());
    return;
  }
  static const Words<StopAction::Kind> kWords = {{"by_itself", StopAction::Kind::kByItself}};
  if (const auto kind = ReadWord(*value, "`stop`", map.context(), kWords)) {
    rules.stop = StopAction{.kind = *kind, .argv = {}, .text = "", .position = value->position};
  }
}

std::vector<int> ReadSignals(const YamlValue& value, ReadContext& context) {
  std::vector<int> signals;
  const auto read = [&](const YamlValue& one) {
    if (const auto signal = ReadSignal(one, "`clean_signals`", context)) {
      signals.push_back(*signal);
    }
  };
  if (value.kind != YamlValue::Kind::kSequence) {
    read(value);
    return signals;
  }
  for (const YamlPtr& item : value.items) {
    read(*item);
  }
  return signals;
}

}  // namespace

EndRules ReadEndRules(MapReader& map) {
  EndRules rules;
  if (const YamlValue* signal = map.Find("stop_signal"); signal != nullptr) {
    rules.stop_signal = ReadSignal(*signal, "`stop_signal`", map.context());
  }
  rules.stop_rpc = ReadStopRpc(map);
  ReadStop(map, rules);
  if (const YamlValue* codes = map.Find("clean_exit_codes"); codes != nullptr) {
    rules.clean_exit_codes =
        ReadIntegers(*codes, "`clean_exit_codes`", map.context(), 0, kLastEndExitCode);
  }
  if (const YamlValue* signals = map.Find("clean_signals"); signals != nullptr) {
    rules.clean_signals = ReadSignals(*signals, map.context());
  }
  return rules;
}

void ApplyEndRules(const EndRules& rules, Profile& profile) {
  const auto apply = [](const auto& from, auto& to) {
    if (from) {
      to = *from;
    }
  };
  apply(rules.stop, profile.stop);
  apply(rules.stop_signal, profile.stop_signal);
  apply(rules.stop_rpc, profile.stop_rpc);
  apply(rules.clean_exit_codes, profile.clean.exit_codes);
  apply(rules.clean_signals, profile.clean.signals);
}

void CheckEndRules(const Profile& profile, const SourcePosition& position,
                   Diagnostics& diagnostics) {
  if (!profile.rpc && !profile.stop_rpc.method.empty()) {
    diagnostics.Add(position, "a stop by RPC needs `rpc: true` in the profile");
  }
}

}  // namespace faultline
