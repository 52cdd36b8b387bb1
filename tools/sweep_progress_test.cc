#include "tools/sweep_progress.h"

#include <gmock/gmock.h>

#include <memory>

namespace faultline {
namespace {

using testing::HasSubstr;

class ProgressLineTest : public testing::Test {
 protected:
  // What another process that reads the log sees by now.
  std::string Log() const {
    std::string text(4096, '\0');
    text.resize(static_cast<size_t>(
        std::max<ssize_t>(0, ::pread(::fileno(file_.get()), text.data(), text.size(), 0))));
    return text;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), std::fclose};
};

TEST_F(ProgressLineTest, ALogHasEachCensusRunAndTheFirstPlanAtOnce) {
  ProgressLine progress(file_.get());
  progress.CensusRun(1, 30);
  EXPECT_EQ(Log(), "census run 1: 30 sites\n");
  progress.CensusRun(2, 30);
  progress.Begin(389, 7);
  EXPECT_EQ(Log(), "census run 1: 30 sites\ncensus run 2: 30 sites\n7 of 389 plans\n");
}

TEST_F(ProgressLineTest, ALogHasALineOnlyNowAndThen) {
  ProgressLine progress(file_.get(), std::chrono::hours(1));
  progress.Begin(389, 0);
  for (int i = 0; i < 100; ++i) {
    progress.Visited({});
  }
  EXPECT_EQ(Log(), "0 of 389 plans\n");
}

TEST_F(ProgressLineTest, ALineSaysHowManyPlansAreDoneAndHowManyHadFindings) {
  ProgressLine progress(file_.get(), std::chrono::seconds(0));
  progress.Begin(4, 1);
  StoredRun run;
  progress.Visited(run);
  run.findings.emplace_back();
  progress.Visited(run);
  EXPECT_THAT(Log(), HasSubstr("\n2 of 4 plans, 0 with findings, 0 s left\n"));
  EXPECT_THAT(Log(), HasSubstr("\n3 of 4 plans, 1 with findings, 0 s left\n"));
}

TEST_F(ProgressLineTest, AFindingIsSaidWithItsStatus) {
  ProgressLine progress(file_.get());
  FindingGroup group;
  group.id = "12345678";
  group.title = "what";
  progress.Confirmed(group);
  EXPECT_THAT(Log(), HasSubstr("not tried 12345678: what\n"));
  group.tries = 3;
  progress.Confirmed(group);
  EXPECT_THAT(Log(), HasSubstr("unproven 12345678: what\n"));
  group.confirmed = 3;
  progress.Confirmed(group);
  EXPECT_THAT(Log(), HasSubstr("\nconfirmed 12345678: what\n"));
}

}  // namespace
}  // namespace faultline
