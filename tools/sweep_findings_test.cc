#include "tools/sweep_findings.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

FindingGroup AGroup(const std::string& id, const std::string& kind, int64_t confirmed) {
  FindingGroup group;
  group.id = id;
  group.signature = kind + ": " + id;
  group.kind = kind;
  group.title = "title of " + id;
  group.seen = 1;
  group.tries = kConfirmationRuns;
  group.confirmed = confirmed;
  return group;
}

// One of each status, the least to be believed first.
std::vector<FindingGroup> OneOfEach() {
  FindingGroup not_tried = AGroup("0000000e", "crash", 0);
  not_tried.tries = 0;
  FindingGroup assumed = AGroup("0000000d", "crash", 3);
  assumed.proof = {StoredProof::State::kMissing, "f was not seen to fail", ""};
  FindingGroup flaky = AGroup("0000000b", "hang", 1);
  flaky.control_tries = 3;
  flaky.control = 1;
  return {not_tried, assumed, AGroup("0000000c", "hang", 0), flaky, AGroup("0000000a", "leak", 3)};
}

TEST(SweepFindings, EachStatusHasATableOfItsOwnAndTheBelievedOnesComeFirst) {
  const std::string text = TellSweepEntries(MakeSweepEntries(OneOfEach(), {}, false), 160);
  size_t last = 0;
  for (const char* head : {"\nconfirmed: 1 finding: ", "0000000a", "\nflaky: 1 finding: ",
                           "0000000b", "\nunproven: 1 finding: ", "0000000c",
                           "\nassumed: ", "0000000d", "\nnot tried: 1 finding: ", "0000000e"}) {
    const size_t at = text.find(head);
    ASSERT_NE(at, std::string::npos) << head << "\n" << text;
    EXPECT_GT(at + 1, last) << head;
    last = at;
  }
  EXPECT_THAT(text, AllOf(HasSubstr("title of 0000000d (f was not seen to fail)"),
                          HasSubstr("came in 1 of 3 runs without the fault too")));
}

TEST(SweepFindings, WhatTheStopSignalHidIsCountedInTheRunsWithoutIt) {
  FindingGroup group = AGroup("0000000a", "leak", 1);
  group.unsignalled = group.unsignalled_tries = kConfirmationRuns;
  const std::string text = TellSweepEntries(MakeSweepEntries({group}, {}, false), 160);
  EXPECT_THAT(text, AllOf(HasSubstr("confirmed: 1 finding"), HasSubstr("3/3"),
                          HasSubstr("without the stop signal"), Not(HasSubstr("1/3"))));
}

TEST(SweepFindings, ThoseOfOneCauseStandBelowItAndAreCountedAsOne) {
  std::vector<FindingGroup> groups = {AGroup("0000000a", "leak", 3), AGroup("0000000b", "crash", 3),
                                      AGroup("0000000c", "leak", 3)};
  groups[0].cause = groups[2].cause = "the error path of open forgets what it has made";
  const std::string text = TellSweepEntries(MakeSweepEntries(groups, {}, false), 160);
  EXPECT_THAT(text, HasSubstr("confirmed: 2 causes (3 findings): "));
  const size_t cause = text.find("the error path of open forgets what it has made:\n");
  const size_t first = text.find("  title of 0000000a");
  const size_t second = text.find("  title of 0000000c");
  ASSERT_NE(cause, std::string::npos) << text;
  EXPECT_LT(cause, first);
  EXPECT_LT(first, second);
  EXPECT_LT(second, text.find("title of 0000000b"));
  const nlohmann::json causes = CausesToJson(MakeSweepEntries(groups, {}, false));
  ASSERT_EQ(causes.size(), 2u);
  EXPECT_EQ(causes[0]["cause"], groups[0].cause);
  EXPECT_EQ(causes[0]["findings"], nlohmann::json({"0000000a", "0000000c"}));
}

TEST(SweepFindings, ThoseInTheProgramsOwnCodeComeBeforeThoseInItsLibraries) {
  std::vector<FindingGroup> groups = {AGroup("0000000a", "crash", 3), AGroup("0000000b", "leak", 3),
                                      AGroup("0000000c", "leak", 0)};
  groups[1].in_own_code = groups[2].in_own_code = true;
  const std::string text = TellSweepEntries(MakeSweepEntries(groups, {}, false), 160);
  EXPECT_LT(text.find("0000000b"), text.find("0000000a")) << text;
  EXPECT_LT(text.find("0000000a"), text.find("0000000c")) << "what is believed stands first";
}

TEST(SweepFindings, AStatusWithoutFindingsIsNotMentioned) {
  const std::string text =
      TellSweepEntries(MakeSweepEntries({AGroup("0000000a", "leak", 3)}, {}, false), 160);
  EXPECT_THAT(text, AllOf(HasSubstr("new"), Not(HasSubstr("flaky")), Not(HasSubstr("assumed"))));
  EXPECT_EQ(TellSweepEntries({}, 160), "");
}

TEST(SweepFindings, OnlyWhatFailsACommandIsNew) {
  const auto new_ones = [](const std::vector<SweepEntry>& entries) {
    std::string ids;
    for (const SweepEntry& entry : entries) {
      ids += entry.is_new ? entry.group.id.substr(7) : "";
    }
    return ids;
  };
  EXPECT_EQ(new_ones(MakeSweepEntries(OneOfEach(), {}, false)), "a");
  EXPECT_EQ(new_ones(MakeSweepEntries(OneOfEach(), {}, true)), "ad");
  Baseline baseline;
  baseline.entries.push_back({"leak: 0000000a", "leak", "", "", {}});
  const std::vector<SweepEntry> known = MakeSweepEntries(OneOfEach(), baseline, false);
  EXPECT_EQ(new_ones(known), "");
  EXPECT_EQ(ToJson(known[0])["known"], true);
}

TEST(SweepFindings, JsonHasStatusControlAndProof) {
  const std::vector<SweepEntry> entries = MakeSweepEntries(OneOfEach(), {}, false);
  EXPECT_EQ(CountByStatus(entries), (nlohmann::json{{"confirmed", 1},
                                                    {"flaky", 1},
                                                    {"unproven", 1},
                                                    {"assumed", 1},
                                                    {"not tried", 1},
                                                    {"by design", 0}}));
  EXPECT_EQ(ToJson(entries[0])["proof"]["state"], "not needed");
  EXPECT_EQ(ToJson(entries[1])["control"]["seen"], 1);
  EXPECT_EQ(ToJson(entries[3])["status"], "assumed");
  EXPECT_EQ(ToJson(entries[3])["proof"]["state"], "missing");
  EXPECT_EQ(ToJson(entries[3])["proof"]["text"], "f was not seen to fail");
}

}  // namespace
}  // namespace faultline
