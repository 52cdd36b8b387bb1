#include "harness/evidence/journal_reader.h"

#include <gmock/gmock.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/evidence/journal_file.h"
#include "harness/evidence/testing/mapped_journal.h"

namespace faultline {
namespace {

using protocol::JournalRecord;
using protocol::kNone;
using protocol::PackFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JournalReaderTest : public ::testing::Test {
 protected:
  JournalSnapshot Read() { return ReadJournal(journal_.base(), journal_.size()); }
  std::string Refusal() {
    try {
      Read();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
      return failure.what();
    }
    return "accepted";
  }
  static JournalRecord Observed(uint32_t stack, uint32_t site) {
    JournalRecord record;
    record.kind = JournalRecord::kObserved;
    record.stack = stack;
    record.site = site;
    return record;
  }

  testkit::TemporaryDirectory dir_;
  JournalFile file_ = JournalFile::Create(dir_.path() / "journal", testkit::MakePlan(2, {true}),
                                          {.modules = 4, .stacks = 16, .sites = 16, .records = 8});
  testkit::MappedJournal journal_{dir_.path() / "journal"};
};

TEST_F(JournalReaderTest, AnEmptyJournalSaysThatTheAgentNeverSpoke) {
  const JournalSnapshot snapshot = Read();
  EXPECT_EQ(snapshot.agent_state, protocol::AgentState::kAbsent);
  EXPECT_THAT(snapshot.records, IsEmpty());
  EXPECT_THAT(snapshot.hooks, SizeIs(2));
  EXPECT_THAT(snapshot.rules, SizeIs(1));
  EXPECT_EQ(snapshot.lost_records, 0u);
}

TEST_F(JournalReaderTest, CopiesWhatTheAgentWroteAndMakesIndexesDense) {
  journal_.AddModule("/usr/bin/target", "");
  journal_.AddModule("/lib/libc.so.6", "libc.so.6");
  journal_.module(1).plan_module = kNone;
  journal_.PutStack(9, {PackFrame(0, 0x10), PackFrame(1, 0x20)});
  journal_.PutStack(3, {PackFrame(0, 0x30)});
  journal_.PutSite(7, 5, 9);
  journal_.Append(Observed(9, 7));
  journal_.Append(Observed(3, kNone));
  journal_.header().target_pid = 77;

  const JournalSnapshot snapshot = Read();
  EXPECT_EQ(snapshot.target_pid, 77u);
  ASSERT_THAT(snapshot.modules, SizeIs(2));
  EXPECT_TRUE(snapshot.modules[0].is_main);
  EXPECT_TRUE(snapshot.modules[0].planned);
  EXPECT_EQ(snapshot.modules[0].build_id, "0aff");
  EXPECT_EQ(snapshot.modules[1].path, "/lib/libc.so.6");
  EXPECT_FALSE(snapshot.modules[1].is_main);
  EXPECT_FALSE(snapshot.modules[1].planned);
  ASSERT_THAT(snapshot.records, SizeIs(2));
  EXPECT_THAT(snapshot.stacks.at(snapshot.records[0].stack).frames,
              ElementsAre(PackFrame(0, 0x10), PackFrame(1, 0x20)));
  EXPECT_THAT(snapshot.stacks.at(snapshot.records[1].stack).frames,
              ElementsAre(PackFrame(0, 0x30)));
  ASSERT_EQ(snapshot.records[0].site, 0u);
  EXPECT_EQ(snapshot.sites[0].point, 5u);
  EXPECT_EQ(snapshot.sites[0].stack, snapshot.records[0].stack);
  EXPECT_EQ(snapshot.records[1].site, kNone);
}

TEST_F(JournalReaderTest, CopiesSitesThatNoRecordTellsOf) {
  journal_.PutStack(0, {PackFrame(0, 0x10)});
  journal_.PutSite(0, 3, 0);
  journal_.PutSite(1, 4, 0);
  const JournalSnapshot snapshot = Read();
  ASSERT_THAT(snapshot.sites, SizeIs(2));
  EXPECT_EQ(snapshot.sites[0].point, 3u);
  EXPECT_EQ(snapshot.sites[1].point, 4u);
}

TEST_F(JournalReaderTest, LeavesOutARecordThatWasBeingWritten) {
  journal_.Append({});
  journal_.Append({}, /*finished=*/false);
  journal_.Append({});
  const JournalSnapshot snapshot = Read();
  ASSERT_THAT(snapshot.records, SizeIs(2));
  EXPECT_EQ(snapshot.records[0].sequence, 1u);
  EXPECT_EQ(snapshot.records[1].sequence, 3u);
}

TEST_F(JournalReaderTest, CountsTheRecordsForWhichThereWasNoRoom) {
  for (int i = 0; i < 8; ++i) {
    journal_.Append({});
  }
  journal_.header().records += 5;
  const JournalSnapshot snapshot = Read();
  EXPECT_THAT(snapshot.records, SizeIs(8));
  EXPECT_EQ(snapshot.lost_records, 5u);
}

TEST_F(JournalReaderTest, RefusesForeignFilesAndSaysWhy) {
  EXPECT_THROW(ReadJournal(journal_.base(), 100), Failure);
  journal_.header().version = 9;
  EXPECT_THAT(Refusal(), HasSubstr("version 9"));
  journal_.header().magic = 1;
  EXPECT_THAT(Refusal(), HasSubstr("magic"));
}

TEST_F(JournalReaderTest, RefusesTablesOutsideTheFile) {
  journal_.header().records_capacity = uint64_t{1} << 60;
  EXPECT_THAT(Refusal(), HasSubstr("record table"));
  journal_.header().records_capacity = 8;
  journal_.header().stacks_offset += 1;
  EXPECT_THAT(Refusal(), HasSubstr("stack table"));
  journal_.header().stacks_offset -= 1;
  journal_.header().file_size += 1;
  EXPECT_THAT(Refusal(), HasSubstr("but has"));
}

TEST_F(JournalReaderTest, DropsReferencesThatLeadNowhere) {
  journal_.PutSite(2, 0, 4'000'000);
  journal_.stack(16).hash = 1;  // just behind the table
  JournalRecord record = Observed(16, 2);
  record.rule = 1;
  std::memset(record.label, 'x', sizeof(record.label));
  journal_.Append(record);
  journal_.Append(Observed(5, 999));
  const JournalSnapshot snapshot = Read();
  ASSERT_THAT(snapshot.records, SizeIs(2));
  EXPECT_EQ(snapshot.records[0].stack, kNone);
  EXPECT_EQ(snapshot.records[0].site, kNone);
  EXPECT_EQ(snapshot.records[0].rule, kNone);
  EXPECT_EQ(std::string(snapshot.records[0].label), std::string(protocol::kLabelSize - 1, 'x'));
  EXPECT_EQ(snapshot.records[1].stack, kNone);
}

TEST_F(JournalReaderTest, KeepsToTheBoundsOfEveryFieldThatTheTargetOverwrote) {
  journal_.AddModule("/usr/bin/target", "");
  std::memset(journal_.module(0).path, 'p', protocol::kModulePathSize);
  journal_.module(0).build_id.size = 255;
  std::memset(journal_.header().agent_message, 'm', sizeof(journal_.header().agent_message));
  journal_.header().modules = 4'000'000;
  journal_.PutStack(1, {PackFrame(0, 1)});
  journal_.stack(1).depth = 4'000'000;
  journal_.Append(Observed(1, kNone));
  const JournalSnapshot snapshot = Read();
  EXPECT_THAT(snapshot.agent_message, SizeIs(256));
  ASSERT_THAT(snapshot.modules, SizeIs(4));
  EXPECT_THAT(snapshot.modules[0].path, SizeIs(protocol::kModulePathSize));
  EXPECT_THAT(snapshot.modules[0].build_id, SizeIs(40));
  EXPECT_THAT(snapshot.stacks.at(0).frames, SizeIs(protocol::kMaxFrames));
}

TEST_F(JournalReaderTest, SurvivesRandomBytesBehindAnIntactHeader) {
  std::mt19937_64 random(1);
  auto* bytes = static_cast<std::byte*>(const_cast<void*>(journal_.base()));
  for (int round = 0; round < 20; ++round) {
    for (uint64_t i = journal_.header().hooks_offset; i < journal_.size(); ++i) {
      bytes[i] = static_cast<std::byte>(random());
    }
    for (uint64_t i = 0; i < 8; i += 2) {
      journal_.record(i).sequence = i + 1;
      journal_.record(i).stack = static_cast<uint32_t>(random() % 20);
      journal_.record(i).site = static_cast<uint32_t>(random() % 20);
    }
    journal_.header().modules = 4;
    journal_.header().records = 8;
    const JournalSnapshot snapshot = Read();
    EXPECT_THAT(snapshot.records, SizeIs(4));
    for (const JournalRecord& record : snapshot.records) {
      EXPECT_TRUE(record.stack == kNone || record.stack < snapshot.stacks.size());
      EXPECT_TRUE(record.site == kNone || record.site < snapshot.sites.size());
    }
  }
}

}  // namespace
}  // namespace faultline
