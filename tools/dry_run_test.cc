#include "tools/dry_run.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

SweepResult AResult() {
  SweepResult result;
  result.plans = 5;
  result.fault_free_ms = 2000;
  result.planned = {{"transient a#1", "a", "libc/open"},
                    {"persistent a#1", "a", "libc/open"},
                    {"transient b#1", "b", "dpdk/ring"}};
  return result;
}

TEST(TellDryRun, SaysWhatWouldBeVisitedAndHowLong) {
  EXPECT_EQ(TellDryRun(AResult(), {}, 2, 100),
            "sites  plans  point\n"
            "-----  -----  ---------\n"
            "1      2      libc/open\n"
            "1      1      dpdk/ring\n"
            "would visit 2 sites by 3 plans, 2 are done\n"
            "about 3 s with 2 at a time; each finding takes about ten runs more to confirm\n");
}

TEST(TellDryRun, RunsThatWereMadeSayHowLongOneTakes) {
  StoredRun run;
  run.duration_ms = 40'000;
  EXPECT_THAT(TellDryRun(AResult(), {run}, 2, 100), HasSubstr("about 1 min 0 s with"));
}

TEST(TellDryRun, ThatNothingChangedIsSaid) {
  SweepResult result;
  result.unchanged = true;
  EXPECT_THAT(TellDryRun(result, {}, 2, 100), HasSubstr("lies in a function that changed"));
}

TEST(DryRunToJson, TellsEachVisitWithItsPlace) {
  StoredSite site;
  site.hash = "a";
  site.place = "f < main";
  site.stack = R"([["malloc", "", 0, "libc.so.6"], ["f", "a.c", 7, "x"]])";
  SweepResult result = AResult();
  result.impossible = {{"x", "cannot"}, {"y", "cannot"}};
  const nlohmann::json json = DryRunToJson(result, {}, {site}, 2);
  EXPECT_EQ(json["plans"], 5);
  EXPECT_EQ(json["done"], 2);
  EXPECT_EQ(json["estimated_ms"], 3000);
  EXPECT_EQ(json["points"][0],
            (nlohmann::json{{"point", "libc/open"}, {"sites", 1}, {"plans", 2}}));
  EXPECT_EQ(json["visits"][0], (nlohmann::json{{"plan", "transient a#1"},
                                               {"site", "a"},
                                               {"point", "libc/open"},
                                               {"place", "f < main"},
                                               {"function", "f"},
                                               {"file", "a.c"},
                                               {"line", 7}}));
  EXPECT_FALSE(json["visits"][2].contains("line")) << "nothing is known of that site";
  EXPECT_EQ(json["impossible"][0], (nlohmann::json{{"why", "cannot"}, {"sites", 2}}));
}

TEST(TellDryRun, NothingLeftIsSaid) {
  SweepResult result = AResult();
  result.planned.clear();
  result.impossible["x"] = "cannot";
  EXPECT_THAT(TellDryRun(result, {}, 2, 100),
              AllOf(HasSubstr("all 5 plans are done"), HasSubstr("1 sites are left out")));
}

}  // namespace
}  // namespace faultline
