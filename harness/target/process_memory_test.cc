#include "harness/target/process_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::Optional;

constexpr size_t kPage = 4096;
constexpr size_t kMost = 3 * kPage;
constexpr pid_t kNobody = 0x7fffffff;

// Two pages, and behind them one that may not be read.
class ProcessMemoryTest : public ::testing::Test {
 protected:
  ProcessMemoryTest()
      : base_(static_cast<char*>(
            mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    mprotect(base_ + 2 * kPage, kPage, PROT_NONE);
  }
  ~ProcessMemoryTest() override { munmap(base_, 3 * kPage); }

  // `text` ends with the last readable byte but `behind` ones.
  uint64_t Put(const std::string& text, size_t behind) {
    std::memset(base_, 0, 2 * kPage);
    char* const at = base_ + 2 * kPage - behind - text.size();
    std::memcpy(at, text.data(), text.size());
    return reinterpret_cast<uint64_t>(at);
  }

  char* const base_;
};

TEST_F(ProcessMemoryTest, ATextIsReadUpToItsEndBesideWhatMayNotBeRead) {
  EXPECT_THAT(ReadText(getpid(), Put("--no-pci", 1), kMost), Optional(std::string("--no-pci")));
  EXPECT_THAT(ReadText(getpid(), Put("", 1), kMost), Optional(std::string()));
}

TEST_F(ProcessMemoryTest, ATextIsReadOverTheEdgeOfPages) {
  const std::string text(kPage + 100, 'x');
  EXPECT_THAT(ReadText(getpid(), Put(text, 50), kMost), Optional(text));
}

TEST_F(ProcessMemoryTest, ATextWithoutAnEndIsNone) {
  EXPECT_EQ(ReadText(getpid(), Put("abc", 0), kMost), std::nullopt);
  EXPECT_EQ(ReadText(getpid(), Put(std::string(100, 'x'), 1), 100), std::nullopt);
  EXPECT_THAT(ReadText(getpid(), Put(std::string(99, 'x'), 1), 100),
              Optional(std::string(99, 'x')));
}

TEST_F(ProcessMemoryTest, MemoryIsReadWholeOrNotAtAll) {
  char bytes[8] = {};
  EXPECT_TRUE(ReadMemory(getpid(), Put("12345678", 0), bytes, sizeof(bytes)));
  EXPECT_EQ(std::string(bytes, sizeof(bytes)), "12345678");
  EXPECT_FALSE(ReadMemory(getpid(), Put("1234", 0), bytes, sizeof(bytes)));
  EXPECT_FALSE(ReadMemory(kNobody, Put("1234", 4), bytes, 4));
}

TEST_F(ProcessMemoryTest, AMappingHasItsProtectionAndWhetherItIsShared) {
  const auto begin = reinterpret_cast<uint64_t>(base_);
  EXPECT_THAT(MappingsOf(getpid()),
              Contains(AllOf(Field(&Mapping::begin, begin), Field(&Mapping::end, begin + 2 * kPage),
                             Field(&Mapping::protection, PROT_READ | PROT_WRITE),
                             Field(&Mapping::shared, true))));
  EXPECT_THAT(MappingsOf(getpid()), Contains(AllOf(Field(&Mapping::begin, begin + 2 * kPage),
                                                   Field(&Mapping::protection, PROT_NONE),
                                                   Field(&Mapping::offset, 2 * kPage))));
  EXPECT_THAT(MappingsOf(kNobody), ::testing::IsEmpty());
}

TEST_F(ProcessMemoryTest, TheEntryIsTheKernelsOwn) {
  EXPECT_THAT(EntryPoint(getpid()), Optional(uint64_t{getauxval(AT_ENTRY)}));
  EXPECT_EQ(EntryPoint(kNobody), std::nullopt);
}

}  // namespace
}  // namespace faultline
