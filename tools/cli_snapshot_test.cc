// Sweeps by snapshots end to end: they find what sweeps find that start the target for each visit.
#include <gmock/gmock.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>

#include "harness/store/store.h"
#include "tools/testing/cli_sweep_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CliSnapshotTest : public CliSweepTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make snapshots";
    }
  }

  Result SweepWith(const std::string& store, const std::string& executor) {
    return Run(Sweep(
        store, WithDefect({"--executor", executor, "--modes", "transient", "--occurrences", "1"})));
  }

  // How each visit ended, and what it found.
  std::map<std::string, std::string> Visits(const std::string& name) const {
    std::map<std::string, std::string> visits;
    for (const StoredRun& run :
         faultline::Store(Store(name), faultline::Store::Mode::kRead).Runs()) {
      std::string& text = visits[run.key];
      text = run.outcome + ", " + run.exit;
      for (const StoredFinding& finding : run.findings) {
        text += ", " + finding.kind + " " + finding.signature;
      }
    }
    return visits;
  }
};

TEST_F(CliSnapshotTest, ASweepBySnapshotsShowsWhatAColdOneShows) {
  const Result cold = SweepWith("cold.db", "cold");
  EXPECT_EQ(cold.exit, 1) << cold.output;
  const Result forked = SweepWith("forked.db", "snapshot");
  EXPECT_EQ(forked.exit, 1) << forked.output;
  EXPECT_THAT(forked.output,
              AllOf(ContainsRegex("[1-9][0-9]* visits were made by forking a live target"),
                    HasSubstr("and in 0 of them the two runs differ")));
  EXPECT_EQ(Visits("forked.db"), Visits("cold.db")) << forked.output;
  const Result compare = Run({"compare", Store("cold.db"), Store("forked.db"), "--visits"});
  EXPECT_EQ(compare.exit, 0) << compare.output;
  EXPECT_THAT(compare.output, HasSubstr("visits in both, 100.0 % of them came to the same\n"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// Which executor `auto` chooses is known late, and what is visited must not depend on it.
TEST_F(CliSnapshotTest, LeavesAreVisitedByDefaultWhereTheExecutorMayBeSnapshots) {
  const auto points = [&](const std::string& executor) {
    const Result result = Run({"sweep", Scenario("reference/start.yaml"), "--dry-run", "--executor",
                               executor, "--json", ReportPath()});
    EXPECT_EQ(result.exit, 0) << result.output;
    std::set<std::string> names;
    const nlohmann::json report = Report();
    for (const nlohmann::json& point : report["points"]) {
      names.insert(point["point"]);
    }
    return names;
  };
  const std::set<std::string> forked = points("snapshot");
  EXPECT_THAT(forked, AllOf(Contains("libc/memory/calloc"), Not(Contains("dpdk/ring/create"))));
  EXPECT_EQ(points("auto"), forked);
  EXPECT_THAT(points("cold"),
              AllOf(Contains("dpdk/ring/create"), Not(Contains("libc/memory/calloc"))));
}

}  // namespace
}  // namespace faultline
