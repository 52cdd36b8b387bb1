#include "harness/agent/journal_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <set>
#include <thread>
#include <vector>

#include "harness/agent/raw.h"
#include "harness/agent/thread_state.h"
#include "harness/protocol/site_hash.h"

namespace faultline::agent {
namespace {

using namespace protocol;
using testing::HasSubstr;

// A journal in memory, with tiny tables.
class JournalWriterTest : public testing::Test {
 protected:
  static constexpr uint32_t kSlots = 8;
  static constexpr uint64_t kRecords = 64;

  JournalWriterTest() {
    header_->magic = kJournalMagic;
    header_->version = kJournalVersion;
    header_->file_size = sizeof(image_);
    header_->modules_offset = offsetof(Image, modules);
    header_->modules_capacity = 2;
    header_->stacks_offset = offsetof(Image, stacks);
    header_->stacks_capacity = kSlots;
    header_->sites_offset = offsetof(Image, sites);
    header_->sites_capacity = kSlots;
    header_->stack_slots_offset = offsetof(Image, stack_slots);
    header_->site_slots_offset = offsetof(Image, site_slots);
    header_->stack_slots_capacity = header_->site_slots_capacity = kSlots;
    header_->records_offset = offsetof(Image, records);
    header_->records_capacity = kRecords;
    EXPECT_EQ(writer_.Open(&image_, sizeof(image_), 0, 0), nullptr);
  }

  static CanonicalStack StackOf(uint64_t frame) {
    CanonicalStack stack;
    StackHash hash;
    hash.AddFrame(1, frame);
    stack.hash = hash.value();
    stack.depth = 1;
    stack.frames[0] = frame;
    return stack;
  }

  struct Image {
    JournalHeader header;
    ModuleEntry modules[2];
    StackEntry stacks[kSlots];
    SiteEntry sites[kSlots];
    HashSlot stack_slots[kSlots];
    HashSlot site_slots[kSlots];
    JournalRecord records[kRecords];
  };
  Image image_ = {};
  JournalHeader* header_ = &image_.header;
  JournalWriter writer_;
};

TEST_F(JournalWriterTest, RefusesJournalsThatDoNotFit) {
  JournalWriter writer;
  EXPECT_THAT(writer.Open(&image_, sizeof(image_), 1, 0), HasSubstr("do not fit"));
  EXPECT_THAT(writer.Open(&image_, 100, 0, 0), HasSubstr("magic"));
  header_->site_slots_capacity = 7;
  EXPECT_THAT(writer.Open(&image_, sizeof(image_), 0, 0), HasSubstr("do not fit"));
  header_->site_slots_capacity = kSlots;
  header_->stacks_capacity = 1u << 20;
  EXPECT_THAT(writer.Open(&image_, sizeof(image_), 0, 0), HasSubstr("do not fit"));
  ++header_->version;
  EXPECT_THAT(writer.Open(&image_, sizeof(image_), 0, 0), HasSubstr("version"));
  EXPECT_FALSE(writer.is_open());
}

TEST_F(JournalWriterTest, CountsRecordsWithoutRoomAndKeepsTheRest) {
  std::thread([this] {
    for (uint64_t i = 0; i < kRecords + 10; ++i) {
      JournalRecord record;
      record.kind = JournalRecord::kCall;
      record.key = i;
      writer_.Append(record);
    }
  }).join();
  EXPECT_EQ(header_->records, kRecords + 11);  // and the thread's own
  EXPECT_EQ(image_.records[0].kind, JournalRecord::kThread);
  for (uint64_t i = 1; i < kRecords; ++i) {
    EXPECT_EQ(image_.records[i].sequence, i + 1);
    EXPECT_EQ(image_.records[i].key, i - 1);
    EXPECT_NE(image_.records[i].flags & JournalRecord::kBeforeMain, 0);
  }
}

// The kernel's word on whether the byte at `address` can be read.
bool IsReadable(const void* address) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const bool readable = write(ends[1], address, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return readable;
}

TEST(ClosedRecords, AreOpenedWhenTheirTurnComes) {
  constexpr uint64_t kRecords = 40'000;
  const uint64_t size = kPageSize + kRecords * sizeof(JournalRecord);
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(base, MAP_FAILED);
  auto* header = new (base) JournalHeader{};
  header->magic = kJournalMagic;
  header->version = kJournalVersion;
  header->file_size = size;
  header->stacks_capacity = header->sites_capacity = 1;
  header->stack_slots_capacity = header->site_slots_capacity = 1;
  header->records_offset = kPageSize;
  header->records_capacity = kRecords;
  auto* records = reinterpret_cast<JournalRecord*>(static_cast<char*>(base) + kPageSize);
  JournalWriter writer;
  ASSERT_EQ(writer.Open(base, size, 0, 0), nullptr);
  EXPECT_TRUE(IsReadable(records));
  writer.CloseUnusedRecords();
  EXPECT_FALSE(IsReadable(records));

  writer.Append({});
  EXPECT_TRUE(IsReadable(records));
  EXPECT_FALSE(IsReadable(records + kRecords - 1));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (uint64_t j = 0; j < kRecords / 4; ++j) {
        writer.Append({});
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GT(header->records, kRecords);  // those of the threads themselves had no room
  for (uint64_t i = 0; i < kRecords; ++i) {
    ASSERT_EQ(records[i].sequence, i + 1);
  }
  munmap(base, size);
}

TEST_F(JournalWriterTest, KeepsEachStackOnce) {
  const uint32_t first = writer_.InternStack(StackOf(100));
  const uint32_t second = writer_.InternStack(StackOf(200));
  EXPECT_NE(first, second);
  EXPECT_EQ(writer_.InternStack(StackOf(100)), first);
  EXPECT_EQ(image_.stacks[first].frames[0], 100u);
  EXPECT_EQ(image_.stacks[first].depth, 1u);
}

TEST_F(JournalWriterTest, StacksLieOneBehindTheOther) {
  for (uint32_t i = 0; i < kSlots; ++i) {
    EXPECT_EQ(writer_.InternStack(StackOf(100 + i)), i);
  }
  EXPECT_EQ(header_->stacks, kSlots);
}

TEST_F(JournalWriterTest, StacksWhoseHashesShareTheirUpperHalfAreKeptApart) {
  CanonicalStack one = StackOf(100);
  CanonicalStack other = StackOf(200);
  one.hash = uint64_t{7} << 32 | 1;
  other.hash = uint64_t{7} << 32 | (1 + kSlots);
  const uint32_t row = writer_.InternStack(one);
  EXPECT_NE(writer_.InternStack(other), row);
  EXPECT_EQ(writer_.InternStack(one), row);
}

TEST_F(JournalWriterTest, CountsOccurrencesOfASite) {
  const SiteVisit first = writer_.VisitSite(77, 3, 5);
  EXPECT_EQ(first.occurrence, 1u);
  EXPECT_EQ(writer_.VisitSite(78, 3, 5).occurrence, 1u);
  const SiteVisit again = writer_.VisitSite(77, 3, 5);
  EXPECT_EQ(again.occurrence, 2u);
  EXPECT_EQ(again.index, first.index);
  EXPECT_EQ(image_.sites[first.index].point, 3u);
  EXPECT_EQ(image_.sites[first.index].stack, 5u);
}

TEST_F(JournalWriterTest, SitesThatCollideAreKeptApart) {
  const SiteVisit one = writer_.VisitSite(5, 0, 0);
  const SiteVisit other = writer_.VisitSite(5 + kSlots, 0, 0);
  EXPECT_NE(one.index, other.index);
  EXPECT_EQ(writer_.VisitSite(5 + kSlots, 0, 0).index, other.index);
}

TEST_F(JournalWriterTest, SaysWhenATableIsFull) {
  for (uint64_t i = 1; i <= kSlots; ++i) {
    EXPECT_NE(writer_.VisitSite(i, 0, 0).index, kNone);
    EXPECT_NE(writer_.InternStack(StackOf(i)), kNone);
  }
  EXPECT_EQ(writer_.VisitSite(100, 0, 0).index, kNone);
  EXPECT_EQ(writer_.InternStack(StackOf(100)), kNone);
  EXPECT_EQ(header_->lost_stacks, 2u);
  uint32_t row = 0;
  EXPECT_NE(writer_.NextModuleRow(&row), nullptr);
  EXPECT_NE(writer_.NextModuleRow(&row), nullptr);
  EXPECT_EQ(row, 1u);
  EXPECT_EQ(writer_.NextModuleRow(&row), nullptr);
}

TEST_F(JournalWriterTest, ThreadsAgreeOnSlotsAndOccurrences) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 5000;
  std::set<uint64_t> occurrences[kThreads];
  std::set<uint32_t> rows;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::atomic<int> waiting = kThreads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) {
      }
      for (int i = 0; i < kRounds; ++i) {
        const SiteVisit visit = writer_.VisitSite(42 + static_cast<uint64_t>(i) % 4, 0, 0);
        occurrences[t].insert(visit.index * uint64_t{1'000'000} + visit.occurrence);
      }
    });
  }
  std::set<uint64_t> all;
  for (int t = 0; t < kThreads; ++t) {
    threads[static_cast<size_t>(t)].join();
    all.insert(occurrences[t].begin(), occurrences[t].end());
  }
  EXPECT_EQ(all.size(), kThreads * kRounds);  // no occurrence was given twice
  size_t used = 0;
  for (const SiteEntry& site : image_.sites) {
    used += site.hash != 0 ? 1 : 0;
  }
  EXPECT_EQ(used, 4u);
}

TEST_F(JournalWriterTest, MessagesAreJoinedAndCut) {
  writer_.AddMessage("one");
  writer_.AddMessage("two");
  EXPECT_STREQ(header_->agent_message, "one; two");
  writer_.AddMessage(std::string(1000, 'x').c_str());
  EXPECT_EQ(std::string(header_->agent_message).size(), sizeof(header_->agent_message) - 1);
}

}  // namespace
}  // namespace faultline::agent
