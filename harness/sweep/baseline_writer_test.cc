#include "harness/sweep/baseline_writer.h"

#include <gmock/gmock.h>

#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::Field;

FindingGroup AGroup(const std::string& signature, int64_t confirmed) {
  FindingGroup group;
  group.signature = signature;
  group.kind = signature.substr(0, signature.find(':'));
  group.title = "title of " + signature;
  group.tries = 3;
  group.confirmed = confirmed;
  return group;
}

Baseline WrittenAndRead(const std::vector<FindingGroup>& findings, const Baseline& known) {
  const testkit::TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "b.yaml";
  std::ofstream(file) << WriteBaseline(findings, known, "start", "all");
  return LoadBaseline(file);
}

auto Signatures(const auto&... signatures) {
  return ElementsAre(Field(&BaselineEntry::signature, signatures)...);
}

TEST(WriteBaseline, KeepsWhatWasSaidOfKnownFindings) {
  const Baseline known{"ours", {{"crash: a", "crash", "a note", "issue 1", {}}}};
  const Baseline written = WrittenAndRead({AGroup("leak: b", 3), AGroup("crash: a", 3)}, known);
  EXPECT_EQ(written.summary, "ours");
  ASSERT_THAT(written.entries, Signatures("crash: a", "leak: b"));
  EXPECT_EQ(written.entries[0].note, "a note");
  EXPECT_EQ(written.entries[0].reference, "issue 1");
  EXPECT_EQ(written.entries[1].note, "title of leak: b");
  EXPECT_FALSE(written.entries[0].sometimes);
}

TEST(WriteBaseline, WhatDidNotComeAgainEachTimeComesSometimesAndStays) {
  const Baseline first = WrittenAndRead({AGroup("crash: a", 1), AGroup("leak: b", 3)}, {});
  ASSERT_THAT(first.entries, Signatures("crash: a", "leak: b"));
  EXPECT_TRUE(first.entries[0].sometimes);
  const Baseline second = WrittenAndRead({}, first);
  EXPECT_THAT(second.entries, Signatures("crash: a"));
}

// A leak that is known in start/waits, used for another scenario.
Baseline KnownElsewhere(const std::string& signature) {
  BaselineEntry entry;
  entry.signature = signature;
  entry.kind = "leak";
  entry.scenarios = {"start/waits"};
  Baseline known{"ours", {entry}};
  known.UseFor("bdev/raid1.yaml");
  return known;
}

TEST(WriteBaseline, KeepsWhatIsKnownInOtherScenarios) {
  const Baseline written = WrittenAndRead({AGroup("crash: b", 3)}, KnownElsewhere("leak: a"));
  ASSERT_THAT(written.entries, Signatures("crash: b", "leak: a"));
  EXPECT_THAT(written.entries[1].scenarios, ElementsAre("start/waits"));
  EXPECT_THAT(written.entries[0].scenarios, testing::IsEmpty());
}

// Found here too it is this scenario's own; before, it took the other one's place.
TEST(WriteBaseline, WhatIsKnownElsewhereIsWrittenBesideThat) {
  const Baseline written = WrittenAndRead({AGroup("leak: a", 3)}, KnownElsewhere("leak: a"));
  ASSERT_THAT(written.entries, Signatures("leak: a", "leak: a"));
  EXPECT_THAT(written.entries[0].scenarios, testing::IsEmpty());
  EXPECT_THAT(written.entries[1].scenarios, ElementsAre("start/waits"));
}

TEST(WriteBaseline, AnEntryOfAnyPlaceStaysTheOnlyOne) {
  BaselineEntry entry;
  entry.signature = "crash: SIGSEGV wild pointer @ *";
  entry.kind = "crash";
  entry.note = "a note";
  entry.scenarios = {"stop/early"};
  Baseline known{"ours", {entry}};
  known.UseFor("stop/early.yaml");
  const Baseline written =
      WrittenAndRead({AGroup("crash: SIGSEGV wild pointer @ f < g", 3),
                      AGroup("sanitizer: AddressSanitizer: heap-use-after-free @ h", 3)},
                     known);
  ASSERT_THAT(written.entries, Signatures(entry.signature));
  EXPECT_EQ(written.entries[0].note, "a note");
}

TEST(WriteBaseline, NamesTheSchemaOnlyWhereThereIsOne) {
  EXPECT_EQ(WriteBaseline({}, {}, "start", "all").find("schema"), std::string::npos);
  EXPECT_EQ(WriteBaseline({}, {}, "start", "all", false, "../s.json")
                .rfind("# yaml-language-server: $schema=../s.json\n", 0),
            0u);
}

TEST(WriteBaseline, LeavesOutWhatFailsNoCommand) {
  FindingGroup not_tried = AGroup("crash: c", 0);
  not_tried.tries = 0;
  FindingGroup assumed = AGroup("crash: d", 3);
  assumed.proof.state = StoredProof::State::kMissing;
  const std::vector<FindingGroup> findings = {AGroup("hang: a", 0), AGroup("hang: b", 3), not_tried,
                                              assumed};
  EXPECT_THAT(WrittenAndRead(findings, {}).entries, Signatures("hang: b"));
}

}  // namespace
}  // namespace faultline
