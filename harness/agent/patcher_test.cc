#include "harness/agent/patcher.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using protocol::PlanFixup;

TEST(PatcherTest, JumpsForwardAndBackAndFillsWithInt3) {
  uint8_t bytes[7];
  EXPECT_TRUE(MakeJump(bytes, 0x1000, 0x1105));
  const uint8_t forward[] = {0xe9, 0x00, 0x01, 0, 0, 0xcc, 0xcc};
  EXPECT_EQ(std::memcmp(bytes, forward, sizeof(bytes)), 0);
  EXPECT_TRUE(MakeJump(bytes, 0x1105, 0x1000));
  const uint8_t backward[] = {0xe9, 0xf6, 0xfe, 0xff, 0xff, 0xcc, 0xcc};
  EXPECT_EQ(std::memcmp(bytes, backward, sizeof(bytes)), 0);
}

TEST(PatcherTest, RefusesJumpsBeyondTwoGiB) {
  uint8_t bytes[5];
  constexpr uint64_t kNext = 0x1000 + kJumpSize;
  EXPECT_TRUE(MakeJump(bytes, 0x1000, kNext + 0x7fffffffu));
  EXPECT_FALSE(MakeJump(bytes, 0x1000, kNext + 0x80000000u));
}

TEST(PatcherTest, MendsDisplacementsAndAddresses) {
  alignas(16) std::byte code[16] = {};
  const auto at = reinterpret_cast<uint64_t>(code);
  const PlanFixup fixups[] = {{1, PlanFixup::kRelative32, 5, 0, 0x100},
                              {8, PlanFixup::kAbsolute64, 0, 0, 0x200}};
  ASSERT_TRUE(ApplyFixups(fixups, code, at));  // a module loaded where the trampoline is
  int32_t displacement = 0;
  std::memcpy(&displacement, code + 1, sizeof(displacement));
  EXPECT_EQ(displacement, 0x100 - 5);
  uint64_t address = 0;
  std::memcpy(&address, code + 8, sizeof(address));
  EXPECT_EQ(address, at + 0x200);
}

TEST(PatcherTest, SaysWhenAnOperandIsOutOfReach) {
  std::byte code[16] = {};
  const auto at = reinterpret_cast<uint64_t>(code);
  const PlanFixup fixup{1, PlanFixup::kRelative32, 5, 0, uint64_t{3} << 30};
  EXPECT_FALSE(ApplyFixups({&fixup, 1}, code, at));
}

// A function on a page of its own, as a module of one segment.
class CodeWriterTest : public testing::Test {
 protected:
  CodeWriterTest()
      : page_(static_cast<uint8_t*>(
            mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    const uint8_t code[] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov eax, 1; ret
    std::memcpy(page_, code, sizeof(code));
    mprotect(page_, kPageSize, PROT_READ | PROT_EXEC);
    segment_.p_type = PT_LOAD;
    segment_.p_flags = PF_R | PF_X;
    segment_.p_memsz = kPageSize;
    module_.base = reinterpret_cast<uint64_t>(page_);
    module_.segments = &segment_;
    module_.segment_count = 1;
  }
  ~CodeWriterTest() override { munmap(page_, kPageSize); }

  int Call() const { return reinterpret_cast<int (*)()>(page_)(); }

  uint8_t* page_;
  ElfW(Phdr) segment_ = {};
  LoadedModule module_ = {};
};

TEST_F(CodeWriterTest, WritesToExecutablePages) {
  const uint8_t two[] = {2};
  EXPECT_TRUE(CodeWriter().Write(module_, module_.base + 1, two));
  EXPECT_EQ(Call(), 2);
}

TEST_F(CodeWriterTest, WritesByProtectionAndPutsItBack) {
  EXPECT_EQ(ProtectionOf(module_, module_.base + 1), PROT_READ | PROT_EXEC);
  const uint8_t three[] = {3};
  EXPECT_TRUE(WriteByProtection(module_, module_.base + 1, three));
  EXPECT_EQ(Call(), 3);
  // Not writable any more: the kernel refuses to read a file into it.
  EXPECT_EQ(Syscall(__NR_getrandom, page_ + 64, 8, 0), -EFAULT);
}

TEST_F(CodeWriterTest, SaysWhenThePageIsGone) {
  LoadedModule module = module_;
  const uint8_t byte[] = {0};
  EXPECT_FALSE(CodeWriter().Write(module, module.base + 16 * kPageSize * kPageSize, byte));
}

}  // namespace
}  // namespace faultline::agent
