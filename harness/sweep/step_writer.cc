#include "harness/sweep/step_writer.h"

#include <fmt/format.h>

#include <variant>

#include "harness/sweep/expectation_writer.h"

namespace faultline {
namespace {

void WriteConnection(YamlWriter& yaml, const std::string& connection) {
  if (!connection.empty()) {
    yaml.QuotedPair("connection", Escaped(connection));
  }
}

void WriteRequest(YamlWriter& yaml, const RpcStep& step) {
  yaml.Pair("rpc", Escaped(step.method));
  if (!step.params.is_null()) {
    yaml.Json("params", step.params);
  }
  WriteExpectations(yaml, step.expect);
  yaml.Map("save", step.save);
}

void WriteAction(YamlWriter& yaml, const WaitReadyStep&) { yaml.Pair("wait_ready", YAML::Null); }
void WriteAction(YamlWriter& yaml, const ArmStep& step) { yaml.Texts("arm", step.faults); }
void WriteAction(YamlWriter& yaml, const DisarmStep& step) { yaml.Texts("disarm", step.faults); }
void WriteAction(YamlWriter& yaml, const SignalStep& step) {
  yaml.Pair("signal", SignalText(step.signal));
}
void WriteAction(YamlWriter& yaml, const CommandStep& step) { WriteCommand(yaml, step); }
void WriteAction(YamlWriter& yaml, const DisconnectStep& step) {
  yaml.QuotedPair("disconnect", step.connection);
}
void WriteAction(YamlWriter& yaml, const WaitStep& step) {
  yaml.Pair("wait", fmt::format("{}ms", step.duration_ms));
  yaml.QuotedPair("reason", Escaped(step.reason));
}
void WriteAction(YamlWriter& yaml, const ExpectAbsentStep& step) {
  yaml.Texts("expect_absent", step.patterns);
}
void WriteAction(YamlWriter& yaml, const ExpectNoLogStep& step) {
  yaml.QuotedPair("expect_no_log", step.pattern);
}
void WriteAction(YamlWriter& yaml, const ExpectFlatStep& step) {
  yaml.QuotedPair("expect_flat", Escaped(step.name));
}
void WriteAction(YamlWriter& yaml, const StartCompanionStep& step) {
  yaml.Texts("start_companion", step.companions);
}
void WriteAction(YamlWriter& yaml, const StopCompanionStep& step) {
  yaml.Texts("stop_companion", step.companions);
}
void WriteAction(YamlWriter& yaml, const TerminalStep& step) { yaml.QuotedPair("type", step.text); }
void WriteAction(YamlWriter& yaml, const ExpectLogStep& step) {
  yaml.QuotedPair("expect_log", step.pattern);
  if (step.if_it_comes) {
    yaml.Pair("if_it_comes", true);
  }
}

void WriteAction(YamlWriter& yaml, const RpcStep& step) {
  WriteRequest(yaml, step);
  WriteExpectations(yaml, step.until, "until");
  WriteConnection(yaml, step.connection);
  if (step.no_wait) {
    yaml.Pair("no_wait", true);
  }
}

void WriteAction(YamlWriter& yaml, const PipelineStep& step) {
  yaml.out() << YAML::Key << "pipeline" << YAML::Value << YAML::BeginSeq;
  for (const RpcStep& request : step.requests) {
    yaml.out() << YAML::BeginMap;
    WriteRequest(yaml, request);
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndSeq;
  WriteConnection(yaml, step.connection);
}

void WriteAction(YamlWriter& yaml, const RawStep& step) {
  yaml.QuotedPair("raw", step.bytes);
  WriteExpectations(yaml, step.expect);
  yaml.Map("save", step.save);
  WriteConnection(yaml, step.connection);
}

void WriteAction(YamlWriter& yaml, const AnswerStep& step) {
  yaml.QuotedPair("answer_to", Escaped(step.step));
  WriteExpectations(yaml, step.expect);
  yaml.Map("save", step.save);
}

void WriteAction(YamlWriter& yaml, const ExpectOpenFilesStep& step) {
  yaml.out() << YAML::Key << "expect_open_files" << YAML::Value;
  WriteTests(yaml, step.count);
  if (!step.pattern.empty()) {
    yaml.QuotedPair("matching", step.pattern);
  }
}

void WriteAction(YamlWriter& yaml, const RestartStep& step) {
  yaml.out() << YAML::Key << "restart" << YAML::Value;
  if (step.signal) {
    yaml.out() << SignalText(*step.signal);
  } else {
    yaml.out() << YAML::Null;
  }
}

void WriteAction(YamlWriter& yaml, const WaitExitStep& step) {
  yaml.out() << YAML::Key << "wait_exit" << YAML::Value;
  if (step.expect_exit.empty()) {
    yaml.out() << YAML::Null;
  } else {
    yaml.out() << YAML::Flow << YAML::BeginSeq;
    for (const int code : step.expect_exit) {
      yaml.out() << code;
    }
    yaml.out() << YAML::EndSeq;
  }
  if (step.ask) {
    yaml.Pair("ask", true);
  }
}

void WriteStep(YamlWriter& yaml, const Step& step) {
  yaml.out() << YAML::BeginMap;
  const auto* restart = std::get_if<RestartStep>(&step.action);
  if (restart != nullptr && restart->is_start) {
    yaml.Pair("start", step.target);
  } else {
    std::visit([&yaml](const auto& action) { WriteAction(yaml, action); }, step.action);
    if (!step.target.empty()) {
      yaml.Pair("target", step.target);
    }
  }
  if (!step.name.empty()) {
    yaml.Pair("name", Escaped(step.name));
  }
  if (step.limit_ms) {
    yaml.Pair("within", fmt::format("{}ms", *step.limit_ms));
  }
  if (step.even_if_gone) {
    yaml.Pair("even_if_gone", true);
  }
  if (step.tolerance) {
    yaml.Pair("tolerance",
              *step.tolerance == Tolerance::kMustSucceed ? "must_succeed" : "may_fail_cleanly");
  }
  yaml.out() << YAML::EndMap;
}

}  // namespace

void WriteCommand(YamlWriter& yaml, const CommandStep& step) {
  yaml.Texts("run", step.argv);
  yaml.Numbers("expect_exit", step.expect_exit);
}

void WriteSteps(YamlWriter& yaml, const char* key, const std::vector<Step>& steps) {
  yaml.out() << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const Step& step : steps) {
    WriteStep(yaml, step);
  }
  yaml.out() << YAML::EndSeq;
}

}  // namespace faultline
