#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

class RepeatedRun : public JudgedRun {
 public:
  void Count(std::map<std::string, int> open_files, const std::string& name = "cycle") {
    FlatCount& count = evidence.flat_counts.emplace_back();
    count.step = 2;
    count.name = name;
    count.records = evidence.journal.records.size();
    count.open_files = std::move(open_files);
  }
};

TEST(FlatOracle, ADescriptorPerRepetitionIsALeak) {
  RepeatedRun run;
  for (int i = 0; i < 4; ++i) {
    run.Count({{"socket", 5 + i}, {"/dev/null", 3}});
  }
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "each repetition of cycle leaves another descriptor of socket");
  EXPECT_THAT(findings[0].details, ElementsAre("2 more after 3 repetitions than after the first"));
}

TEST(FlatOracle, WhatIsMadeOnceWhenItIsFirstNeededIsNone) {
  RepeatedRun run;
  run.Count({{"socket", 5}});
  run.Count({{"socket", 7}});
  run.Count({{"socket", 7}});
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(FlatOracle, WhatGoesUpAndDownIsNone) {
  RepeatedRun run;
  for (const int sockets : {5, 6, 7, 6, 8}) {
    run.Count({{"socket", sockets}});
  }
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(FlatOracle, TwoRepetitionsTellNothing) {
  RepeatedRun run;
  run.Count({{"socket", 5}});
  run.Count({{"socket", 6}});
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(FlatOracle, EachNameIsCountedByItself) {
  RepeatedRun run;
  for (int i = 0; i < 3; ++i) {
    run.Count({{"socket", 5 + 2 * i}}, "inner");
    run.Count({{"socket", 5}}, "outer");
  }
  EXPECT_EQ(run.Judge().at(0).title,
            "each repetition of inner leaves another descriptor of socket");
}

TEST(FlatOracle, ObjectsThatGrowAreALeakAndThoseThatEndAreNone) {
  RepeatedRun run;
  for (uint64_t i = 0; i < 4; ++i) {
    run.Call("mempool/create", 0x100 + i, "kept");
    run.Call("io_device/register", 0x10, "given back");
    run.Count({});
    run.Call("io_device/unregister", 0x10);
  }
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "each repetition of cycle leaves another mempool `kept'");
}

}  // namespace
}  // namespace faultline
