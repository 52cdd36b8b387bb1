#include "harness/scenario/load_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::SmallDataDir;

TEST(LoadProfileTest, ReadsHowTheTargetIsStarted) {
  const Profile profile = LoadProfile(SmallDataDir(), "target");
  EXPECT_EQ(profile.name, "target");
  EXPECT_EQ(profile.summary, "A profile with everything");
  EXPECT_EQ(profile.program, "target-debug");
  EXPECT_EQ(profile.program_variable, "FAULTLINE_TARGET");
  EXPECT_EQ(profile.package, "target-dev");
  EXPECT_THAT(profile.required_args, ElementsAre("--no-pci"));
  EXPECT_THAT(profile.environment, ElementsAre(Pair("RUNTIME_DIRECTORY", "${run_dir}")));
  EXPECT_THAT(profile.leftovers, ElementsAre("/dev/shm/*.pid${pid}"));
  EXPECT_THAT(profile.catalogues, ElementsAre("small"));
}

TEST(LoadProfileTest, ReadsHowTheTargetTellsItsStateAndWhatASweepLooksAt) {
  const Profile profile = LoadProfile(SmallDataDir(), "target");
  ASSERT_EQ(profile.state_probes.size(), 2u);
  const StateProbe& probe = profile.state_probes[0];
  EXPECT_EQ(probe.call.method, "get_disks");
  EXPECT_EQ(probe.call.params["all"], true);
  EXPECT_THAT(probe.keys, ElementsAre("name", "id"));
  EXPECT_THAT(probe.not_state, ElementsAre("busy"));
  EXPECT_THAT(probe.only, ElementsAre("size"));
  EXPECT_TRUE(probe.promised);
  EXPECT_TRUE(profile.state_probes[1].call.params.is_null());
  EXPECT_FALSE(profile.state_probes[1].promised);
  ASSERT_EQ(profile.partial_failures.size(), 1u);
  const PartialFailure& partial = profile.partial_failures[0];
  EXPECT_TRUE(partial.Covers("raid_create"));
  EXPECT_FALSE(partial.Covers("disk_create"));
  EXPECT_TRUE(partial.Allows("get_disks"));
  EXPECT_FALSE(partial.Allows("get_threads"));
  EXPECT_FALSE(partial.again);
  const SweepDefinition& nightly = profile.sweeps.at("nightly");
  EXPECT_THAT(nightly.groups, ElementsAre("small"));
  EXPECT_EQ(nightly.from_step, 2);
  EXPECT_THAT(nightly.modes, ElementsAre("transient", "pair"));
  EXPECT_EQ(nightly.budget, "90s");
  EXPECT_TRUE(nightly.only_changed);
}

TEST(LoadProfileTest, ReadsHowTheTargetBehaves) {
  const Profile profile = LoadProfile(SmallDataDir(), "target");
  EXPECT_TRUE(profile.rpc);
  EXPECT_FALSE(profile.terminal);
  EXPECT_EQ(profile.ready.kind, ReadyCondition::Kind::kRpcSocket);
  EXPECT_EQ(profile.ready.rpc_method, "version");
  EXPECT_EQ(profile.stop_signal, SIGINT);
  EXPECT_EQ(profile.stop_rpc.method, "stop");
  EXPECT_EQ(profile.stop_rpc.params["now"], true);
  EXPECT_THAT(profile.clean.exit_codes, ElementsAre(0, 3));
  EXPECT_EQ(profile.limits_ms.start, 5000);
  EXPECT_EQ(profile.limits_ms.rpc, 500);
  EXPECT_EQ(profile.limits_ms.stop, 60'000);
  ASSERT_EQ(profile.log_patterns.size(), 1u);
  EXPECT_EQ(profile.log_patterns[0].kind, "crash");
  EXPECT_EQ(profile.log_patterns[0].pattern, "gone: (\\w+)");
  EXPECT_EQ(profile.log_patterns[0].note, "upstream");
  ASSERT_EQ(profile.deliberate_abort.size(), 2u);
  EXPECT_EQ(profile.deliberate_abort[0].pattern, "^PANIC");
  EXPECT_FALSE(profile.deliberate_abort[0].allowed);
  EXPECT_EQ(profile.deliberate_abort[1].pattern, "out of memory");
  EXPECT_TRUE(profile.deliberate_abort[1].allowed);
  EXPECT_EQ(profile.deliberate_abort[1].note, "by design");
  EXPECT_THAT(profile.never_stays, ElementsAre("device"));
  EXPECT_THAT(profile.error_lines, ElementsAre("ERROR"));
}

TEST(LoadProfileTest, ArgumentsAreLeftForTheRun) {
  const Profile profile = LoadProfile(SmallDataDir(), "target", {{"memory_mb", "64"}});
  EXPECT_THAT(profile.args_with_hugetlbfs, ElementsAre("-s", "64", "--huge-dir", "${huge_dir}"));
  EXPECT_THAT(profile.args_without_hugetlbfs, ElementsAre("--no-huge", "-s", "64"));
  ASSERT_EQ(profile.app_args.size(), 2u);
  EXPECT_EQ(ExpandForRun(profile.app_args[1], {}), "cost=5$");
}

TEST(LoadProfileTest, GroupsOfArgumentsGoWithTheirVariable) {
  EXPECT_THAT(LoadProfile(SmallDataDir(), "target").args,
              ElementsAre("--no-pci", "-r", "${rpc_socket}"));
  EXPECT_THAT(LoadProfile(SmallDataDir(), "target", {{"defect", "x"}}).args,
              ElementsAre("--no-pci", "-r", "${rpc_socket}", "--defect", "x"));
}

TEST(LoadProfileTest, ReadyByLogLine) {
  const Profile profile = LoadProfile(SmallDataDir(), "plain");
  EXPECT_EQ(profile.ready.kind, ReadyCondition::Kind::kLogLine);
  EXPECT_EQ(profile.ready.value, "^ready in ${run_dir}$");
  EXPECT_TRUE(profile.terminal);
}

TEST(LoadProfileTest, ExtendsAnotherProfile) {
  const Profile profile = LoadProfile(SmallDataDir(), "child");
  EXPECT_EQ(profile.name, "child");
  EXPECT_EQ(profile.summary, "Another program of the same kind");
  EXPECT_EQ(profile.program, "child-release-256");
  EXPECT_TRUE(profile.rpc);
  EXPECT_THAT(profile.args, ElementsAre("--no-pci", "-r", "${rpc_socket}"));
  EXPECT_THAT(profile.variables, ElementsAre(Pair("build", "release"), Pair("defect", ""),
                                             Pair("extra", "more"), Pair("memory_mb", "256")));
}

TEST(LoadProfileTest, UnknownVariableNamesTheNearest) {
  try {
    LoadProfile(SmallDataDir(), "target", {{"memory", "64"}});
    FAIL() << "no Failure";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
    EXPECT_THAT(failure.what(), HasSubstr("target.yaml:1:1: profile `target` has no variable "
                                          "`memory`; did you mean `memory_mb`?"));
  }
}

TEST(LoadProfileTest, UnknownProfileNamesTheNearest) {
  EXPECT_THROW(LoadProfile(SmallDataDir(), "traget"), Failure);
}

}  // namespace
}  // namespace faultline
