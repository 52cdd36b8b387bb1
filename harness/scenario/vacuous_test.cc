#include "harness/scenario/vacuous.h"

#include "harness/scenario/testing/bad_keys.h"

// Checks that cannot fail are refused where they are written.
namespace faultline {
namespace {

using testing::BadKey;
using testing::BadKeyTest;
using testing::kCatalogue;
using testing::kProfile;
using testing::kScenario;

class VacuousCheckTest : public BadKeyTest {};

TEST_P(VacuousCheckTest, IsToldWithPlaceAndExpectation) { Check(GetParam()); }

#define STEP(text) "profile: parent\nsteps:\n  - " text "\n"
#define RPC_STEP(text) "profile: target\nsteps:\n  - {rpc: get, " text "}\n"
#define FAULT(text) "profile: parent\nsteps: []\nfaults:\n  - {point: base/one, " text "}\n"
#define SWEEP(text) "profile: parent\nsteps: []\nsweeps: {mine: {" text "}}\n"

INSTANTIATE_TEST_SUITE_P(
    Steps, VacuousCheckTest,
    ::testing::Values(
        BadKey{kScenario, STEP("expect_flat: x"), "4:5", "expected at least 3"},
        BadKey{kScenario, STEP("{repeat: 2, steps: [{expect_flat: x}]}"), "4:25",
               "is done 2 times in a life"},
        BadKey{kScenario, "profile: parent\nrepeat: 5\nsteps:\n  - expect_flat: x\n", "5:5",
               "is done 1 time in a life"},
        BadKey{kScenario, STEP("expect_flat: ''"), "4:18", "a name of what is repeated"},
        BadKey{kScenario, STEP("expect_absent: []"), "4:20", "names or globs of files"},
        BadKey{kScenario, STEP("expect_absent: ['']"), "4:20", "has an empty text"},
        BadKey{kScenario, STEP("arm: []"), "4:10", "expected ids of faults"},
        BadKey{kScenario, STEP("disarm: []"), "4:13", "expected ids of faults"},
        BadKey{kScenario, STEP("start_companion: []"), "4:22", "expected names of companions"},
        BadKey{kScenario, STEP("stop_companion: []"), "4:21", "expected names of companions"},
        BadKey{kScenario, STEP("expect_log: ''"), "4:17", "which every text has"},
        BadKey{kScenario, STEP("expect_log: x*"), "4:17", "`x*`, which every text has"},
        BadKey{kScenario, STEP("expect_no_log: '.*'"), "4:20", "which every text has"},
        BadKey{kScenario, STEP("expect_no_log: \"bad\\n\""), "4:20", "which no line has"},
        BadKey{kScenario, STEP("expect_no_log: 'bad\\n'"), "4:20", "which no line has"},
        BadKey{kScenario, STEP("expect_open_files: {at_least: 0}"), "4:24", "{at_most: 20}"},
        BadKey{kScenario, STEP("wait_exit: []"), "4:16", "exit codes, or nothing"},
        BadKey{kScenario, STEP("type: ''"), "4:11", "at least one character"},
        BadKey{kScenario, STEP("{repeat: 2, steps: []}"), "4:24", "a loop without steps"},
        BadKey{kScenario, STEP("{for_each: [a], steps: []}"), "4:28", "a loop without steps"},
        BadKey{kScenario, STEP("disconnect: x"), "4:5", "needs a profile with `rpc: true`"},
        BadKey{kScenario,
               "profile: target\nsteps:\n  - {rpc: a, connection: one}\n  - disconnect: on\n",
               "5:5", "did you mean `one`?"}));

INSTANTIATE_TEST_SUITE_P(
    Answers, VacuousCheckTest,
    ::testing::Values(
        BadKey{kScenario, RPC_STEP("expect: []"), "4:24", "an empty list of expectations"},
        BadKey{kScenario, RPC_STEP("expect: {}"), "4:24", "`expect` is an empty map"},
        BadKey{kScenario, RPC_STEP("expect: {error: {}}"), "4:32", "`code` or `message`"},
        BadKey{kScenario, RPC_STEP("expect: {error: {message: ''}}"), "4:42", "every text has"},
        BadKey{kScenario, RPC_STEP("expect: {result: {}}"), "4:33", "every map has"},
        BadKey{kScenario, RPC_STEP("until: []"), "4:23", "an empty list of expectations"},
        BadKey{kScenario, RPC_STEP("until: [error, result]"), "4:23", "takes every answer"},
        BadKey{kScenario, RPC_STEP("until: {where: {.: {present: true}}}"), "4:35",
               "this one every value does"},
        BadKey{kScenario, RPC_STEP("until: {where: {a: {length: {at_least: 0}}}}"), "4:35",
               "this one every value does"},
        BadKey{kScenario, RPC_STEP("expect: {where: {a: {contains: ''}}}"), "4:36",
               "this one every value does"},
        BadKey{kScenario, RPC_STEP("expect: {where: {a: {matches: '.*'}}}"), "4:46",
               "every text has"}));

INSTANTIATE_TEST_SUITE_P(
    Faults, VacuousCheckTest,
    ::testing::Values(
        BadKey{kScenario, FAULT("drop_connection: true"), "5:5",
               "`drop_connection` needs a profile with `rpc: true`"},
        BadKey{kScenario, FAULT("rpc: get"), "5:5", "`rpc` needs a profile with `rpc: true`"},
        BadKey{kScenario, FAULT("callers: []"), "5:32", "functions on the stack"},
        BadKey{kScenario, SWEEP("points: []"), "4:25", "without the key all are meant"},
        BadKey{kScenario, SWEEP("modes: []"), "4:24", "at least one"},
        BadKey{kScenario, SWEEP("callers: ['']"), "4:26", "has an empty text"}));

INSTANTIATE_TEST_SUITE_P(
    Profiles, VacuousCheckTest,
    ::testing::Values(
        BadKey{kProfile, "extends: parent\nargs+: x\n", "3:8", "`args+` is `x`; expected a list"},
        BadKey{kProfile, "extends: parent\nargs+:\n", "3:1", "`args+` is nothing; expected a list"},
        BadKey{kProfile, "extends: parent\nlog_patterns+: {kind: leak, pattern: x}\n", "3:16",
               "expected a list"},
        BadKey{kProfile, "program: x\ndeliberate_abort: [{pattern: ^PANIC, allowed: true}]\n",
               "3:38", "`allowed: true` needs `note`"},
        BadKey{kProfile, "program: x\ndeliberate_abort: ['']\n", "3:20", "which every text has"},
        BadKey{kProfile, "program: x\nerror_lines: ['.*']\n", "3:15", "which every text has"},
        BadKey{kProfile, "program: x\nready: {log: ''}\n", "3:14", "which every text has"},
        BadKey{kProfile, "program: x\nlog_patterns: [{kind: leak, pattern: ''}]\n", "3:38",
               "which every text has"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: [{rpc: get, volatile: ['*']}]\n",
               "4:37", "no answer differs"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: [{rpc: get, only: []}]\n", "4:33",
               "members that are state"},
        BadKey{kProfile, "program: x\nrpc: true\npartial_failures: [{rpc: '*', note: n}]\n", "4:26",
               "nothing is left to judge"},
        BadKey{kCatalogue, "extends: base\nbenign: [{point: '*', why: x}]\n", "3:10",
               "nothing is left to judge"},
        BadKey{kCatalogue, "extends: base\ncannot_fail: [{point: base/one, callers: [], why: x}]\n",
               "3:42", "functions on the stack"},
        BadKey{"baselines/b.yaml", "findings: [{kind: leak, signature: ''}]\n", "2:36",
               "`signature` is empty"}));

// What looks alike and says something.
TEST(VacuousTest, LeavesChecksAloneThatCanFail) {
  for (const char* pattern : {"^$", "x", ".", "^ready", "a+", "\\n[^ ]", "x\\\\n", "done$"}) {
    EXPECT_FALSE(IsInEveryLine(pattern)) << pattern;
    EXPECT_FALSE(WantsLineBreak(pattern)) << pattern;
  }
  using Kind = RpcExpectation::Kind;
  RpcExpectation result, error, certain;
  error.kind = certain.kind = Kind::kError;
  certain.code = -17;
  EXPECT_TRUE(HoldsOfEveryAnswer({result, error}));
  EXPECT_FALSE(HoldsOfEveryAnswer({result, certain}));
  EXPECT_FALSE(HoldsOfEveryAnswer({result}));
  ValueTest test;
  test.kind = ValueTest::Kind::kAtLeast;
  test.value = 1;
  EXPECT_FALSE(HoldsOfEveryCount(test));
}

TEST(VacuousTest, CountsFlatStepsOfEachLifeAndTargetAlone) {
  const auto flat = [](const char* target) {
    Step step;
    step.action = ExpectFlatStep{"x"};
    step.target = target;
    return step;
  };
  Step restart;
  restart.action = RestartStep{};
  restart.target = "b";
  const std::vector<Step> steps = {flat("a"), flat("b"), flat("a"), flat("b"),
                                   restart,   flat("a"), flat("b")};
  const std::vector<IdleFlat> idle = IdleFlatSteps(steps);
  ASSERT_EQ(idle.size(), 1U);
  EXPECT_EQ(idle[0].step, &steps[1]);
  EXPECT_EQ(idle[0].count, 2);
}

}  // namespace
}  // namespace faultline
