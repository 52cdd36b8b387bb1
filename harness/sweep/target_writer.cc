#include "harness/sweep/target_writer.h"

#include <csignal>
#include <memory>

namespace faultline {
namespace {

void WriteStop(YamlWriter& yaml, const EndRules& end) {
  const StopAction& stop = *end.stop;
  if (stop.kind == StopAction::Kind::kByItself) {
    yaml.out() << "by_itself";
    return;
  }
  yaml.out() << YAML::BeginMap;
  switch (stop.kind) {
    case StopAction::Kind::kSignal:
      yaml.Pair("signal", SignalText(end.stop_signal.value_or(SIGTERM)));
      break;
    case StopAction::Kind::kRpc:
      yaml.Pair("rpc", Escaped(end.stop_rpc->method));
      if (!end.stop_rpc->params.is_null()) {
        yaml.Json("params", end.stop_rpc->params);
      }
      break;
    case StopAction::Kind::kRun:
      yaml.Texts("run", stop.argv);
      break;
    case StopAction::Kind::kType:
      yaml.QuotedPair("type", stop.text);
      break;
    case StopAction::Kind::kByItself:
      break;
  }
  yaml.out() << YAML::EndMap;
}

}  // namespace

void WriteEnd(YamlWriter& yaml, const EndRules& end) {
  if (end.stop) {
    yaml.out() << YAML::Key << "stop" << YAML::Value;
    WriteStop(yaml, end);
  } else if (end.stop_signal) {
    yaml.Pair("stop_signal", SignalText(*end.stop_signal));
  }
  const bool says_rpc = end.stop && end.stop->kind == StopAction::Kind::kRpc;
  if (end.stop_rpc && !says_rpc) {
    yaml.out() << YAML::Key << "stop_rpc" << YAML::Value << YAML::BeginMap;
    yaml.Pair("method", Escaped(end.stop_rpc->method));
    if (!end.stop_rpc->params.is_null()) {
      yaml.Json("params", end.stop_rpc->params);
    }
    yaml.out() << YAML::EndMap;
  }
  const auto list = [&](const char* key, const std::vector<int>& values, const auto& text) {
    yaml.out() << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const int value : values) {
      yaml.out() << text(value);
    }
    yaml.out() << YAML::EndSeq;
  };
  if (end.clean_exit_codes) {
    list("clean_exit_codes", *end.clean_exit_codes, [](int code) { return code; });
  }
  if (end.clean_signals) {
    list("clean_signals", *end.clean_signals, SignalText);
  }
}

void WriteTargets(YamlWriter& yaml, const Scenario& scenario) {
  yaml.out() << YAML::Key << "targets" << YAML::Value << YAML::BeginMap;
  for (const std::shared_ptr<const Target>& target : scenario.targets) {
    yaml.out() << YAML::Key << target->name << YAML::Value << YAML::BeginMap;
    yaml.Pair("profile", target->profile_name);
    if (!target->program.empty()) {
      yaml.QuotedPair("program", Escaped(target->program));
    }
    yaml.Map("variables", target->variables);
    yaml.Texts("extra_args", target->extra_args);
    yaml.Texts("app_args", target->app_args);
    yaml.Map("environment", target->environment);
    WriteEnd(yaml, target->end);
    yaml.Map("shares", target->shares);
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndMap;
  yaml.Pair("subject", scenario.subject);
}

}  // namespace faultline
