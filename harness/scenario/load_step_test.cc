#include "harness/scenario/load_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "harness/base/files.h"
#include "harness/scenario/testing/yaml.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Yaml;

Step StepFrom(const std::string& text, const Variables& variables = {}) {
  Yaml yaml(text, variables);
  ReadContext context = yaml.Context();
  const std::optional<Step> step = ReadStep(*yaml.root, context);
  EXPECT_EQ(yaml.diagnostics.ToString(), "") << text;
  return step.value_or(Step{});
}

template <typename Action>
Action ReadAction(const std::string& text) {
  return std::get<Action>(StepFrom(text).action);
}

TEST(LoadStepTest, ReadsMereWords) {
  EXPECT_TRUE(std::holds_alternative<WaitReadyStep>(StepFrom("wait_ready").action));
  EXPECT_THAT(ReadAction<WaitExitStep>("wait_exit").expect_exit, IsEmpty());
  EXPECT_THAT(ReadAction<WaitExitStep>("wait_exit: [0, 1]").expect_exit, ElementsAre(0, 1));
  EXPECT_TRUE(std::holds_alternative<WaitReadyStep>(StepFrom("{wait_ready: , within: 1s}").action));
}

TEST(LoadStepTest, ReadsRpcs) {
  const RpcStep bare = ReadAction<RpcStep>("rpc: version");
  EXPECT_EQ(bare.method, "version");
  EXPECT_TRUE(bare.params.is_null());
  EXPECT_THAT(bare.expect, IsEmpty());
  const Step full = StepFrom(
      "rpc: set\nparams:\n  count: ${n}\nexpect: error\nwithin: 5s\nname: x\n", {{"n", "3"}});
  EXPECT_EQ(std::get<RpcStep>(full.action).params, nlohmann::json({{"count", 3}}));
  EXPECT_EQ(full.limit_ms, 5000);
  EXPECT_EQ(full.name, "x");
  EXPECT_EQ(full.position.ToString(), "text:1:1");
}

TEST(LoadStepTest, ReadsExpectations) {
  const auto expect = [](const std::string& text) {
    return ReadAction<RpcStep>("rpc: a\nexpect: " + text + "\n").expect;
  };
  const auto any = expect("[result, error, no_answer, gone]");
  ASSERT_EQ(any.size(), 4u);
  EXPECT_EQ(any[0].kind, RpcExpectation::Kind::kResult);
  EXPECT_FALSE(any[0].value.has_value());
  EXPECT_EQ(any[1].kind, RpcExpectation::Kind::kError);
  EXPECT_EQ(any[2].kind, RpcExpectation::Kind::kNoAnswer);
  EXPECT_EQ(any[3].kind, RpcExpectation::Kind::kGone);
  EXPECT_EQ(expect("{result: {a: [1]}}")[0].value, nlohmann::json({{"a", {1}}}));
  EXPECT_EQ(expect("{result: true}")[0].value, nlohmann::json(true));
  const RpcExpectation error = expect("{error: {code: -32603, message: ^no}}")[0];
  EXPECT_EQ(error.kind, RpcExpectation::Kind::kError);
  EXPECT_EQ(error.code, -32603);
  EXPECT_EQ(error.message_pattern, "^no");
}

TEST(LoadStepTest, AnExpectationMayBeAVariable) {
  const Step step = StepFrom("rpc: a\nexpect: [error, \"${or_else}\"]\n", {{"or_else", "gone"}});
  EXPECT_EQ(std::get<RpcStep>(step.action).expect.at(1).kind, RpcExpectation::Kind::kGone);
}

TEST(LoadStepTest, ReadsTheOtherActions) {
  EXPECT_THAT(ReadAction<ArmStep>("arm: one").faults, ElementsAre("one"));
  EXPECT_THAT(ReadAction<DisarmStep>("disarm: [one, two]").faults, ElementsAre("one", "two"));
  EXPECT_EQ(ReadAction<SignalStep>("signal: INT").signal, SIGINT);
  EXPECT_EQ(ReadAction<TerminalStep>("type: \"quit\\n\"").text, "quit\n");
  EXPECT_EQ(ReadAction<ExpectLogStep>("expect_log: ^up in ${run_dir}").pattern,
            "^up in ${run_dir}");
  const Step command = StepFrom("run: [ls, \"${run_dir}\"]\nexpect_exit: 2\neven_if_gone: true\n");
  EXPECT_THAT(std::get<CommandStep>(command.action).argv, ElementsAre("ls", "${run_dir}"));
  EXPECT_THAT(std::get<CommandStep>(command.action).expect_exit, ElementsAre(2));
  EXPECT_TRUE(command.even_if_gone);
}

// The loader names them all in its message about an empty step.
TEST(StepReferenceTest, EveryStepHasARowInTheKeyReference) {
  const std::string page =
      ReadFile(std::filesystem::path(FAULTLINE_SOURCE_DIR) / "scenarios/schema/README.md").value();
  const size_t begin = page.find("### steps-step\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string rows = page.substr(begin, page.find("\n### ", begin + 1) - begin);
  Diagnostics diagnostics;
  const Variables none;
  ReadContext context{diagnostics, none};
  ReadStep(*ParseYaml("{}", "s", diagnostics), context);
  const std::string message = diagnostics.ToString();
  const std::string mark = "expected one of ";
  std::istringstream names(message.substr(message.find(mark) + mark.size()));
  int steps = 0;
  for (std::string name; std::getline(names >> std::ws, name, ','); ++steps) {
    EXPECT_NE(rows.find("| `" + name + "` |"), std::string::npos) << name;
  }
  EXPECT_GT(steps, 20) << message;
}

}  // namespace
}  // namespace faultline
