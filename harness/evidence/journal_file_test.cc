#include "harness/evidence/journal_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/evidence/testing/mapped_journal.h"

namespace faultline {
namespace {

using protocol::JournalHeader;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::MappedJournal;
using testkit::TemporaryDirectory;

class JournalFileTest : public ::testing::Test {
 protected:
  TemporaryDirectory dir_;
  std::filesystem::path path_ = dir_.path() / "journal";
};

TEST_F(JournalFileTest, LaysOutTablesForThePlanWithoutOverlap) {
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(3, {true, false}));
  MappedJournal journal(path_);
  const JournalHeader& header = journal.header();
  EXPECT_EQ(header.magic, protocol::kJournalMagic);
  EXPECT_EQ(header.hooks_capacity, 3u);
  EXPECT_EQ(header.rules_capacity, 2u);
  EXPECT_EQ(header.file_size, std::filesystem::file_size(path_));
  const uint64_t edges[] = {
      sizeof(JournalHeader),
      header.hooks_offset,
      header.hooks_offset + header.hooks_capacity * sizeof(protocol::HookState),
      header.rules_offset,
      header.rules_offset + header.rules_capacity * sizeof(protocol::RuleState),
      header.modules_offset,
      header.modules_offset + header.modules_capacity * sizeof(protocol::ModuleEntry),
      header.stacks_offset,
      header.stacks_offset + header.stacks_capacity * sizeof(protocol::StackEntry),
      header.sites_offset,
      header.sites_offset + header.sites_capacity * sizeof(protocol::SiteEntry),
      header.stack_slots_offset,
      header.stack_slots_offset + header.stack_slots_capacity * sizeof(protocol::HashSlot),
      header.site_slots_offset,
      header.site_slots_offset + header.site_slots_capacity * sizeof(protocol::HashSlot),
      header.records_offset,
      header.records_offset + header.records_capacity * sizeof(protocol::JournalRecord),
      header.file_size + 1,
  };
  EXPECT_TRUE(std::is_sorted(std::begin(edges), std::end(edges)));
}

TEST_F(JournalFileTest, IsSparseAndPrivate) {
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(1, {}));
  file.Read();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_GT(status.st_size, 30 << 20);
  EXPECT_LT(status.st_blocks * 512, 4 << 20);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(JournalFileTest, ArmsAtStartWhatThePlanSaysAndLaterWhatItIsTold) {
  std::vector<bool> at_start(130, false);
  at_start[1] = at_start[64] = true;
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(1, at_start));
  MappedJournal journal(path_);
  EXPECT_EQ(journal.header().armed[0], 0b10u);
  EXPECT_EQ(journal.header().armed[1], 0b1u);
  file.Arm(129);
  file.Disarm(1);
  EXPECT_EQ(journal.header().armed[0], 0u);
  EXPECT_EQ(journal.header().armed[2], 0b10u);
  EXPECT_THROW(file.Arm(130), std::out_of_range);
}

TEST_F(JournalFileTest, WhileItIsPausedNothingIsArmedAndNothingIsCountedAnew) {
  std::vector<bool> at_start(70, false);
  at_start[1] = at_start[64] = true;
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(1, at_start));
  MappedJournal journal(path_);
  file.Pause();
  EXPECT_EQ(journal.header().armed[0], 0u);
  EXPECT_EQ(journal.header().armed[1], 0u);
  EXPECT_EQ(journal.header().paused, 1u);
  file.Resume();
  EXPECT_EQ(journal.header().armed[0], 0b10u);
  EXPECT_EQ(journal.header().armed[1], 0b1u);
  EXPECT_EQ(journal.header().paused, 0u);
}

TEST_F(JournalFileTest, ShowsTheAgentTheStepAndTheHarnessTheAgent) {
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(1, {}));
  MappedJournal journal(path_);
  EXPECT_EQ(file.agent_state(), protocol::AgentState::kAbsent);
  journal.header().agent_state = protocol::AgentState::kReady;
  file.SetStep(4);
  JournalFile moved = std::move(file);
  EXPECT_EQ(journal.header().step, 4u);
  EXPECT_EQ(moved.agent_state(), protocol::AgentState::kReady);
  moved.MarkClosed();
  EXPECT_EQ(journal.header().closed, 1u);
}

TEST_F(JournalFileTest, CountsTheCallsOfASiteAlsoWhereAnotherHasItsPlace) {
  const JournalFile file =
      JournalFile::Create(path_, testkit::MakePlan(1, {}), {.stacks = 16, .sites = 16});
  MappedJournal journal(path_);
  const auto put = [&](uint32_t slot, uint32_t row, uint64_t site, uint64_t calls) {
    journal.site(row).hash = site;
    journal.site(row).calls = calls;
    journal.Row<protocol::HashSlot>(journal.header().site_slots_offset, slot).word =
        protocol::HashSlot::WordOf(site, row);
  };
  put(15, 0, 15, 2);
  put(0, 1, 31, 3);  // its place is taken
  EXPECT_EQ(file.CallsOfSite(15), 2u);
  EXPECT_EQ(file.CallsOfSite(31), 3u);
  EXPECT_EQ(file.CallsOfSite(47), 0u);
  EXPECT_EQ(file.CallsOfSite(4), 0u);
}

TEST_F(JournalFileTest, NeverTakesOverAFileThatExists) {
  close(open(path_.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_THROW(JournalFile::Create(path_, testkit::MakePlan(1, {})), Failure);
}

TEST_F(JournalFileTest, RefusesWhatIsNotAPlan) {
  std::vector<std::byte> plan = testkit::MakePlan(1, {true});
  EXPECT_THROW(JournalFile::Create(path_, std::span(plan).first(20)), Failure);
  reinterpret_cast<protocol::PlanHeader*>(plan.data())->rules.count = 1'000'000;
  EXPECT_THROW(JournalFile::Create(path_, plan), Failure);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Whatever a stray write of the target hits, what can be read is read.
TEST_F(JournalFileTest, SurvivesAnyBytesInItsHeader) {
  JournalFile journal = JournalFile::Create(path_, testkit::MakePlan(1, {true}));
  MappedJournal target(path_);
  target.header().records_offset = ~uint64_t{0};
  target.header().rules_offset = ~uint32_t{0};
  target.header().rules_capacity = ~uint32_t{0};
  target.header().magic = 0;
  EXPECT_EQ(journal.Hits(0), 0u);
  EXPECT_THAT(journal.Read().agent_message, HasSubstr("wrote over the journal's header"));
  EXPECT_THAT(journal.Read().agent_message, IsEmpty()) << "it is repaired";
  std::memset(static_cast<void*>(&target.header()), 0xff, sizeof(protocol::JournalHeader));
  const JournalSnapshot snapshot = journal.Read();
  EXPECT_THAT(snapshot.records, IsEmpty());
}

TEST_F(JournalFileTest, LeavesOutSitesOfPointsThatThePlanDoesNotHave) {
  JournalFile journal = JournalFile::Create(path_, testkit::MakePlan(1, {}));
  MappedJournal target(path_);
  target.PutStack(1, {protocol::PackFrame(0, 1)});
  target.PutSite(2, 4'000'000, 1);
  EXPECT_THAT(journal.Read().sites, IsEmpty());
}

TEST_F(JournalFileTest, NamesTheLimitThatIsTooSmallForIt) {
  const auto create = [&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      JournalFile::Create(path_, testkit::MakePlan(1, {}));
    } catch (const Failure& failure) {
      std::fputs(failure.what(), stderr);
      _exit(static_cast<int>(failure.code()));
    }
    _exit(0);
  };
  EXPECT_EXIT(create(), ::testing::ExitedWithCode(3), "File too large .ulimit -f is 4.");
}

TEST_F(JournalFileTest, ReportsAJournalThatTheTargetCut) {
  JournalFile file = JournalFile::Create(path_, testkit::MakePlan(1, {}));
  std::filesystem::resize_file(path_, 4096);
  try {
    file.Read();
    FAIL() << "a cut journal was read";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("cut to 4096 bytes"));
  }
}

}  // namespace
}  // namespace faultline
