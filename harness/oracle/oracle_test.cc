#include "harness/oracle/oracle.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/base/failure.h"
#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/user_names.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::JudgedRun;

TEST(Oracles, RegisterThemselvesInOrderOfKind) {
  std::vector<std::string_view> kinds;
  for (const auto& oracle : AllOracles()) {
    kinds.push_back(oracle->kind());
  }
  EXPECT_THAT(kinds, ElementsAre("crash", "double-free", "expectation", "hang", "io-device-missing",
                                 "leak", "leak", "leak-flat", "leak-stays", "log-pattern",
                                 "not-rolled-back", "sanitizer", "swallowed"));
}

TEST(Judge, MarksKnownFindingsByKindAndPattern) {
  JudgedRun run;
  run.Die(SIGSEGV, {testkit::At("mp_cleanup", "/src/mp.c")});
  run.scenario.known_findings = {
      {.kind = "hang", .pattern = "", .note = "wrong kind", .position = {}},
      {.kind = "crash", .pattern = "in other_function", .note = "wrong text", .position = {}},
      {.kind = "crash", .pattern = "in mp_cleanup$", .note = "bug 1", .position = {}},
      {.kind = "crash", .pattern = "", .note = "later", .position = {}}};
  const std::vector<Finding> findings = run.Judge();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].known);
  EXPECT_EQ(findings[0].note, "bug 1");

  run.scenario.known_findings.resize(2);
  EXPECT_FALSE(run.Judge().at(0).known);
}

TEST(Judge, AFindingNamesOnlyFaultsThatHadFired) {
  JudgedRun run;
  run.step = 4;
  run.Inject("early");
  run.step = 5;
  run.Inject("late");
  run.Die(SIGSEGV);
  EXPECT_THAT(run.Judge().at(0).caused_by, ElementsAre("early"));
  run.evidence.injections.clear();
  EXPECT_THAT(run.Judge().at(0).caused_by, IsEmpty());
}

TEST(Judge, ASignatureHasNoNamesThatTheScenarioChose) {
  const auto signature = [](const std::string& name) {
    JudgedRun run;
    std::get<RpcStep>(run.scenario.steps[1].action).params = {{"name", name}, {"size", "Big7"}};
    run.Say("cannot open " + name + " of Big7");
    run.Die(SIGABRT, {testkit::At("abort", "", "libc.so.6"), testkit::At("open", "/src/open.c")});
    return run.Judge().at(0);
  };
  EXPECT_EQ(signature("Malloc0").signature, "crash: cannot open <name> of Big# @ open");
  EXPECT_EQ(signature("my_own_disk").signature, signature("Malloc0").signature);
  EXPECT_THAT(signature("Malloc0").title, testing::HasSubstr("cannot open Malloc0 of Big7"));
}

// Another scenario, which names nothing so, tells the same bug: a name that is a number reads "<n>"
// in a signature, as all numbers do.
TEST(Judge, ANumberIsNobodysName) {
  const auto signature = [](const std::string& name) {
    JudgedRun run;
    std::get<RpcStep>(run.scenario.steps[1].action).params = {{"name", name}};
    run.Say("cannot start thread (11): no memory");
    run.Die(SIGABRT, {testkit::At("abort", "", "libc.so.6"), testkit::At("open", "/src/open.c")});
    return run.Judge().at(0).signature;
  };
  EXPECT_EQ(signature("12345"), signature("Malloc0"));
}

TEST(Judge, TellsTheUserThatAPatternIsWrong) {
  JudgedRun run;
  run.profile.log_patterns[0].pattern = "(";
  run.Say("text");
  EXPECT_THROW(run.Judge(), Failure);
}

TEST(Judge, TheSameEvidenceGivesTheSameFindings) {
  JudgedRun run;
  run.step = 3;
  run.Call("io_device/unregister", 7);
  run.HangAtStop();
  const std::vector<Finding> first = run.Judge();
  const std::vector<Finding> second = run.Judge();
  ASSERT_EQ(first.size(), second.size());
  EXPECT_EQ(first[0].signature, second[0].signature);
  EXPECT_EQ(first[0].details, second[0].details);
}

TEST(WithoutPid, LeavesOutTheProcessIdAtTheEndOfANameAlone) {
  EXPECT_EQ(WithoutPid("mempool `bdev_io_11631' and 2 more", 11631),
            "mempool `bdev_io_<pid>' and 2 more");
  EXPECT_EQ(WithoutPid("pool_7 and 7 more objects", 7), "pool_<pid> and 7 more objects")
      << "a number of its own is a count";
  EXPECT_EQ(WithoutPid("pool_117", 7), "pool_117");
  EXPECT_EQ(WithoutPid("pool_11631", 1163), "pool_11631");
  EXPECT_EQ(WithoutPid("pool_0", 0), "pool_0") << "nobody knows it";
}

TEST(TitlesTest, HaveNoVariables) {
  EXPECT_EQ(WithoutVariables("left behind: file ${run_dir}/a/b.tmp, after x"),
            "left behind: file a/b.tmp, after x");
  EXPECT_EQ(WithoutVariables("socket ${run_dir}/mp_${second.earlier_pid_2}_1"),
            "socket mp_<pid of second in life 2>_1");
  EXPECT_EQ(WithoutVariables("file /run/${file_prefix}/${pid}.log in ${run_dir}"),
            "file /run/<file prefix>/<pid>.log in the run directory");
  EXPECT_EQ(WithoutVariables("socket ${b.rpc_socket}"), "socket <rpc socket of b>");
  EXPECT_EQ(WithoutVariables("costs $5 and ${ no end"), "costs $5 and ${ no end");
}

}  // namespace
}  // namespace faultline
