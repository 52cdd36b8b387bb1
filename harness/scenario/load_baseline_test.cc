#include "harness/scenario/load_baseline.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class LoadBaselineTest : public ::testing::Test {
 protected:
  Baseline Load(const std::string& text) {
    const std::filesystem::path file = directory_ / "b.yaml";
    std::ofstream(file) << text;
    return LoadBaseline(file, diagnostics_);
  }

  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  Diagnostics diagnostics_;
};

TEST_F(LoadBaselineTest, ReadsSignaturesAsTheyAre) {
  const Baseline baseline = Load(
      "faultline: 1\nsummary: known\nfindings:\n"
      "  - {kind: leak, signature: 'leak: file ${run_dir}/x', note: n, reference: r}\n");
  EXPECT_TRUE(diagnostics_.empty()) << diagnostics_.ToString();
  ASSERT_THAT(baseline.entries, SizeIs(1));
  const BaselineEntry* entry = baseline.Find("leak: file ${run_dir}/x");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->kind, "leak");
  EXPECT_EQ(entry->note, "n");
  EXPECT_EQ(entry->reference, "r");
  EXPECT_EQ(baseline.Find("leak"), nullptr);
}

TEST_F(LoadBaselineTest, WhatComesSometimesIsNotGone) {
  const Baseline baseline = Load(
      "faultline: 1\nfindings:\n  - {kind: hang, signature: a}\n"
      "  - {kind: hang, signature: b, sometimes: true}\n  - {kind: hang, signature: c}\n");
  EXPECT_TRUE(diagnostics_.empty()) << diagnostics_.ToString();
  const std::vector<BaselineEntry> gone = baseline.Gone({"c"});
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].signature, "a");
  EXPECT_NE(baseline.Find("b"), nullptr);
}

// Elsewhere the same words tell of another mistake. Tempting: a known poller that stays hides one
// that stays for another reason.
TEST_F(LoadBaselineTest, AnEntryOfOtherScenariosAnswersToNothing) {
  Baseline baseline = Load(
      "faultline: 1\nfindings:\n  - {kind: leak, signature: a, scenarios: [start/waits, "
      "'stop/*']}\n"
      "  - {kind: leak, signature: b}\n");
  EXPECT_TRUE(diagnostics_.empty()) << diagnostics_.ToString();
  for (const char* scenario : {"/pack/start/waits.yaml", "pack/stop/any.yaml"}) {
    baseline.UseFor(scenario);
    EXPECT_NE(baseline.Find("a"), nullptr) << scenario;
    EXPECT_THAT(baseline.Gone({}), SizeIs(2)) << scenario;
  }
  for (const char* scenario : {"/pack/start/awaits.yaml", "/pack/restart/waits.yaml", ""}) {
    baseline.UseFor(scenario);
    EXPECT_EQ(baseline.Find("a"), nullptr) << scenario;
    EXPECT_NE(baseline.Find("b"), nullptr) << scenario;
    EXPECT_THAT(baseline.Gone({}), SizeIs(1)) << scenario;
  }
}

// A build with a sanitizer is not traced, and its crashes have no callers.
TEST_F(LoadBaselineTest, ASignatureWithoutCallersIsThatOfAnEntryWithThem) {
  const Baseline baseline = Load(
      "faultline: 1\nfindings:\n  - {kind: crash, signature: 'crash: assertion @ f < g'}\n"
      "  - {kind: crash, signature: 'crash: assertion @ h < g'}\n"
      "  - {kind: crash, signature: 'crash: assertion @ h'}\n");
  ASSERT_NE(baseline.Find("crash: assertion @ f"), nullptr);
  EXPECT_EQ(baseline.Find("crash: assertion @ h")->signature, "crash: assertion @ h");
  EXPECT_EQ(baseline.Find("crash: assertion @ f < other"), nullptr);
  EXPECT_EQ(baseline.Find("crash: assertion @ "), nullptr);
  EXPECT_EQ(baseline.Find("crash: assertion"), nullptr);
  const std::vector<BaselineEntry> gone = baseline.Gone({"crash: assertion @ f"});
  ASSERT_THAT(gone, SizeIs(2));
  EXPECT_EQ(gone[0].signature, "crash: assertion @ h < g");
}

TEST_F(LoadBaselineTest, RejectsAnEntryWithoutSignatureWithLineAndColumn) {
  Load("faultline: 1\nfindings:\n  - {kind: leak}\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("b.yaml:3:5"));
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("signature"));
}

TEST_F(LoadBaselineTest, RejectsASignatureThatIsGivenTwice) {
  for (const std::string scenarios : {"", ", scenarios: [a]"}) {
    diagnostics_ = Diagnostics();
    const std::string entry = "  - {kind: leak, signature: a" + scenarios + "}\n";
    Load("faultline: 1\nfindings:\n" + entry + entry);
    EXPECT_THAT(diagnostics_.ToString(), HasSubstr("given twice")) << scenarios;
  }
}

// Each has a note of its own.
TEST_F(LoadBaselineTest, OneSignatureMayTellTwoBugsOfTwoScenarios) {
  Baseline baseline = Load(
      "faultline: 1\nfindings:\n  - {kind: leak, signature: a, note: one, scenarios: [s/a]}\n"
      "  - {kind: leak, signature: a, note: other, scenarios: [s/b]}\n");
  EXPECT_TRUE(diagnostics_.empty()) << diagnostics_.ToString();
  baseline.UseFor("s/b.yaml");
  ASSERT_NE(baseline.Find("a"), nullptr);
  EXPECT_EQ(baseline.Find("a")->note, "other");
}

// Else it would excuse the next use of freed memory, wherever that comes.
TEST_F(LoadBaselineTest, RejectsAnyPlaceInAnyScenario) {
  Load(
      "faultline: 1\nfindings:\n  - {kind: crash, signature: 'crash: SIGSEGV wild pointer @ *'}\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("b.yaml:3:5"));
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("`scenarios`"));
}

TEST_F(LoadBaselineTest, RejectsAnyPlaceInPartOfAPlace) {
  Load(
      "faultline: 1\nfindings:\n  - {kind: crash, signature: 'crash: SIGSEGV @ f < *', "
      "scenarios: [a/b]}\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("b.yaml:3:5"));
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("stands for a whole place"));
}

TEST_F(LoadBaselineTest, AnyPlaceHoldsInItsScenarios) {
  Baseline baseline = Load(
      "faultline: 1\nfindings:\n  - {kind: crash, signature: 'crash: SIGSEGV wild pointer @ *', "
      "scenarios: [a/b]}\n");
  EXPECT_TRUE(diagnostics_.empty()) << diagnostics_.ToString();
  baseline.UseFor("a/b.yaml");
  EXPECT_NE(baseline.Find("crash: SIGSEGV wild pointer @ f < g"), nullptr);
  baseline.UseFor("a/c.yaml");
  EXPECT_EQ(baseline.Find("crash: SIGSEGV wild pointer @ f < g"), nullptr);
}

TEST_F(LoadBaselineTest, NamesTheNearestKey) {
  Load("faultline: 1\nfindings:\n  - {kind: leak, signature: a, refrence: b}\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("reference"));
}

}  // namespace
}  // namespace faultline
