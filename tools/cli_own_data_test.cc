// Data of one's own beside what is shipped, and targets of every life, from the command line.
#include <gmock/gmock.h>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kLives[] = FAULTLINE_BINARY_DIR "/faultline-lives";

class CliOwnDataTest : public CliTest {
 protected:
  // A profile that extends a shipped one, in a directory of the user's own.
  fs::path OwnProfile() {
    Write("mine/profiles/mine.yaml", "faultline: 1\nextends: lives\nargs+: []\n");
    return directory_ / "mine";
  }
  std::string Read(const fs::path& file) const { return ReadFile(file).value_or(""); }
};

TEST_F(CliOwnDataTest, AProfileBesideTheScenarioUsesShippedCatalogues) {
  Write("mine.yaml", "faultline: 1\nextends: lives\n");
  const std::string file =
      Write("s.yaml", "faultline: 1\nprofile: ./mine.yaml\nsteps: [wait_ready]\n");
  const Result result = Run({"run", file});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_F(CliOwnDataTest, HintsCarryTheDirectoriesThatTheyNeed) {
  const fs::path mine = OwnProfile();
  const std::string file = Write("elsewhere/s.yaml",
                                 "faultline: 1\nprofile: mine\nvariables: {defect: unchecked}\n"
                                 "faults: [{point: libc/memory/calloc, callers: [MakeTable]}]\n"
                                 "steps: [wait_ready]\n");
  EXPECT_EQ(Run({"run", file}).exit, 2);
  const Result result = Run({"run", file, "--data", mine});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("SIGSEGV"), HasSubstr("--data " + mine.string())));
}

TEST_F(CliOwnDataTest, DirectoriesMayBeGivenMoreThanOnce) {
  const fs::path mine = OwnProfile();
  Write("other/profiles/mine.yaml", "faultline: 1\nprogram: \"false\"\n");
  const Result list = Run({"list", "profiles", "--data", mine, "--data", directory_ / "other"});
  EXPECT_EQ(list.exit, 0) << list.output;
  const size_t first = list.output.find((mine / "profiles/mine.yaml").string());
  const size_t hidden = list.output.find("other/profiles/mine.yaml");
  ASSERT_NE(first, std::string::npos) << list.output;
  ASSERT_NE(hidden, std::string::npos) << list.output;
  EXPECT_LT(first, hidden);
  EXPECT_THAT(list.output, AllOf(HasSubstr("hidden"), HasSubstr("spdk-tgt")));
}

TEST_F(CliOwnDataTest, EverythingThatHasANameIsListedWithItsFile) {
  EXPECT_THAT(Run({"list", "points"}).output,
              AllOf(HasSubstr("libc/memory/calloc"), HasSubstr("catalogue/libc-memory.yaml:")));
  EXPECT_THAT(Run({"list", "groups"}).output, HasSubstr("dpdk/ring"));
  EXPECT_THAT(Run({"list", "observers"}).output, HasSubstr("observers-dpdk.yaml:"));
  EXPECT_THAT(Run({"list", "scenarios"}).output, HasSubstr("dpdk/testpmd-start"));
  EXPECT_THAT(Run({"list", "points", "--profile", "lives"}).output,
              AllOf(HasSubstr("libc/memory/calloc"), Not(HasSubstr("dpdk/ring"))));
  const Result unknown = Run({"list", "pionts"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean `points`?"));
}

TEST_F(CliOwnDataTest, AScenarioAndABaselineAreFoundByName) {
  Write("mine/baselines/known.yaml", "faultline: 1\nfindings: []\n");
  const Result result =
      Run({"run", "lives/complete-alone", "--baseline", "known", "--data", directory_ / "mine"});
  EXPECT_EQ(result.exit, 0) << result.output;
  const Result unknown =
      Run({"run", "lives/complete-alone", "--baseline", "knwon", "--data", directory_ / "mine"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean `known`?"));
}

TEST_F(CliOwnDataTest, LintCountsNothingTwice) {
  const std::string file = Write("a/s.yaml", "faultline: 1\nprofile: lives\nsteps: []\n");
  fs::create_symlink(file, directory_ / "a/again.yaml");
  const Result result = Run({"lint", directory_ / "a", file, directory_ / "a"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("1 file checked, 0 mistakes"));
}

// ---- init

class CliInitTest : public CliOwnDataTest {
 protected:
  Result Init(std::vector<std::string> program_and_arguments) {
    std::vector<std::string> arguments = {"init", "--dir", directory_ / "new", "--name", "fresh"};
    arguments.insert(arguments.end(), program_and_arguments.begin(), program_and_arguments.end());
    return Run(std::move(arguments));
  }
  std::string Profile() const { return Read(directory_ / "new/profiles/fresh.yaml"); }
  std::string Scenario() const { return directory_ / "new/fresh.yaml"; }
};

TEST_F(CliInitTest, APlainDaemonIsReadyByItsLineAndDiesOfSigterm) {
  const Result result = Init({kLives, "--", "plain"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Profile(), AllOf(HasSubstr("ready: {log: \"ready\"}"),
                               HasSubstr("clean_signals: [SIGTERM]"), Not(HasSubstr("--no-pci"))));
  EXPECT_THAT(result.output, AllOf(HasSubstr("passes without faults"),
                                   HasSubstr("/faultline sweep " + Scenario())));
  EXPECT_EQ(Run({"lint", directory_ / "new"}).exit, 0);
  EXPECT_THAT(LeftBehind(), IsEmpty());
  const Result again = Init({kLives, "--", "plain"});
  EXPECT_EQ(again.exit, 2);
  EXPECT_THAT(again.output, HasSubstr("--force"));
}

// Typed as it is printed, elsewhere, whatever is in the names and arguments.
TEST_F(CliInitTest, TheSweepThatIsPrintedCanBeTypedInAnyDirectory) {
  const fs::path dir = directory_ / "Jane's \"new\" $files";
  Write("some data/profiles/other.yaml", "faultline: 1\nextends: lives\n");
  const Result init =
      Run({"init", "--dir", dir, "--name", "fresh", "--data", directory_ / "some data", kLives,
           "--", "plain", "it's \"a\" ${b} $c\n"});
  EXPECT_EQ(init.exit, 0) << init.output;
  const size_t next = init.output.find("next: ");
  ASSERT_NE(next, std::string::npos) << init.output;
  const std::string line = init.output.substr(next + 6, init.output.find('\n', next) - next - 6);
  TestProgram typed({"/bin/sh", "-c", "cd / && " + line + " --dry-run"}, options_);
  EXPECT_EQ(typed.Wait(), 0) << line << "\n" << typed.output();
  EXPECT_THAT(typed.output(), HasSubstr("plans")) << line;
}

TEST_F(CliInitTest, WhatAWrapperExecutesInAChildIsLookedAt) {
  const Result result = Init({"/usr/bin/timeout", "--", "60", kLives, "plain"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("faultline-lives in a child, which is the target"));
  EXPECT_THAT(Profile(), AllOf(HasSubstr("wraps: \"faultline-lives\""),
                               HasSubstr("clean_signals: [SIGTERM]")));
}

TEST_F(CliInitTest, ADaemonThatForksIsFollowed) {
  const Result result = Init({kLives, "--", "fork"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Profile(), AllOf(HasSubstr("detaches: true"), Not(HasSubstr("clean_signals"))));
}

TEST_F(CliInitTest, AProgramThatRunsToCompletionIsNotAskedToEnd) {
  const Result result = Init({kLives, "--", "complete"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Profile(), AllOf(HasSubstr("stop: by_itself"), HasSubstr("ready: started"),
                               HasSubstr("file ${run_dir}/result")));
}

TEST_F(CliInitTest, AProgramThatFailsWithoutFaultsGetsNoFiles) {
  const Result result = Init({kLives, "--", "nonsense"});
  EXPECT_EQ(result.exit, 2);
  EXPECT_THAT(result.output, AllOf(HasSubstr("already fails without faults"),
                                   HasSubstr("usage: lives plain|fork|complete")));
  EXPECT_FALSE(fs::exists(directory_ / "new"));
}

TEST_F(CliInitTest, WhatContainsDpdkNeverRunsWithoutNoPci) {
  const Result result = Init({FAULTLINE_BINARY_DIR "/dpdk-program"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Profile(),
              AllOf(HasSubstr("- \"--no-pci\""), HasSubstr("required_args: [--no-pci]"),
                    HasSubstr("--file-prefix=${file_prefix}"), HasSubstr("observers-dpdk")));
}

// ---- Arguments that are not on the command line

class CliArgumentsTest : public CliOwnDataTest {
 protected:
  // A run of the program whose file of arguments has these lines.
  Result Start(const std::string& profile, const std::string& lines) {
    return Run({"run", Write("s.yaml", "faultline: 1\nprofile: " + profile +
                                           "\nprepare:\n  - run: [sh, -c, \"printf '%b' '" + lines +
                                           "' > arguments\"]\nsteps: [wait_ready]\n")});
  }
};

TEST_F(CliArgumentsTest, WhatIsNotProvenDoesNotRunOn) {
  const Result none = Start("lives-args", "--no-huge\\n");
  EXPECT_EQ(none.exit, 2) << none.output;
  EXPECT_THAT(none.output, AllOf(HasSubstr("it gives rte_eal_init the arguments `--no-huge`"),
                                 HasSubstr("--no-pci is not among them"), Not(HasSubstr("ready"))));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// Tempting: the line says so.
TEST_F(CliArgumentsTest, ALineThatOnlyLooksRightProvesNothing) {
  const Result lie = Start("lives-args-log", "--say=args --no-pci\\n");
  EXPECT_EQ(lie.exit, 2) << lie.output;
  EXPECT_THAT(lie.output, HasSubstr("it gives rte_eal_init the arguments `--say=args --no-pci`"));
  const Result part = Start("lives-args-log", "--say=args --vdev=a--no-pci\\n--no-pci\\n");
  EXPECT_EQ(part.exit, 2) << part.output;
  EXPECT_THAT(part.output, HasSubstr("its line `EAL ARGS: args --vdev=a--no-pci` shows"));
  const Result nothing = Start("lives-args-log", "--no-pci\\n");
  EXPECT_EQ(nothing.exit, 2) << nothing.output;
  EXPECT_THAT(nothing.output, HasSubstr("no line of its log matches"));
}

TEST_F(CliArgumentsTest, AFunctionThatIsNeverCalledProvesNothing) {
  Write("mine.yaml",
        "faultline: 1\nextends: lives\nrequired_args: [--safe]\n"
        "required_args_proof: {function: no_such_function}\n");
  const Result result =
      Run({"run", Write("s.yaml", "faultline: 1\nprofile: ./mine.yaml\nsteps: [wait_ready]\n")});
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no_such_function was not called"));
}

// ---- Wrappers

TEST_F(CliOwnDataTest, AWrapperOfSeveralProgramsIsRefusedUntilOneIsNamed) {
  const std::string profile =
      "faultline: 1\nextends: lives\nprogram: sh\n"
      "args: [-c, \"sleep 60 & until grep -q sleep /proc/$!/comm; do :; done; "
      "${own_dir}/faultline-lives plain & wait\"]\n";
  Write("mine.yaml", profile);
  Write("named.yaml", profile + "wraps: faultline-lives\n");
  Write("wrong.yaml", profile + "wraps: faultline-args\n");
  const auto run = [&](const std::string& name) {
    return Run({"run", Write("s.yaml",
                             "faultline: 1\nprofile: ./" + name + ".yaml\nsteps: [wait_ready]\n")});
  };
  const Result several = run("mine");
  EXPECT_EQ(several.exit, 2) << several.output;
  EXPECT_THAT(several.output, HasSubstr("any of which may be the target"));
  const Result named = run("named");
  EXPECT_EQ(named.exit, 0) << named.output;
  const Result wrong = run("wrong");
  EXPECT_EQ(wrong.exit, 2) << wrong.output;
  EXPECT_THAT(wrong.output, HasSubstr("has not executed such a program"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// ---- Targets of every life

struct Life {
  const char* scenario;  // of the suite, with a planted crash
  const char* profile;
};

class CliLivesTest : public CliTest, public testing::WithParamInterface<Life> {};

TEST_P(CliLivesTest, APlantedCrashIsFoundReplayedAndMinimised) {
  const std::string scenario =
      Write("s.yaml", std::string("faultline: 1\nprofile: ") + GetParam().profile +
                          "\nvariables: {defect: unchecked}\nsteps: [wait_ready]\n");
  const std::string store = directory_ / "s.db";
  const Result sweep = Run({"sweep", scenario, "--store", store, "--points", "libc/memory/calloc",
                            "--caller", "MakeTable", "--jobs", "2", "--json", ReportPath()});
  EXPECT_EQ(sweep.exit, 1) << sweep.output;
  ASSERT_THAT(Kinds(Report()), Contains("crash")) << sweep.output;
  const std::string id = Report().at("findings").at(0).at("id");
  EXPECT_EQ(Run({"replay", store, id}).exit, 1);
  const std::string written = directory_ / "minimal.yaml";
  EXPECT_EQ(Run({"replay", store, id, "--write", written}).exit, 0);
  const Result minimal = Run({"run", written});
  EXPECT_EQ(minimal.exit, 1) << minimal.output;
  EXPECT_THAT(minimal.output, HasSubstr("SIGSEGV"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, CliLivesTest,
                         testing::Values(Life{"plain", "lives"}, Life{"fork", "lives-fork"},
                                         Life{"complete", "lives-complete"},
                                         Life{"wrapped", "lives-wrapped"},
                                         Life{"shell", "lives-shell"},
                                         Life{"setsid", "lives-setsid"}),
                         [](const auto& info) { return std::string(info.param.scenario); });

}  // namespace
}  // namespace faultline
