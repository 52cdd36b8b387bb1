#include "harness/agent/unwind_rule.h"

#include <gtest/gtest.h>
#include <link.h>

#include <cstring>
#include <vector>

namespace faultline::agent {
namespace {

// A module with one function of 16 bytes at `code`, and its unwind tables, as an assembler writes
// them.
class Tables {
 public:
  // `instructions` are the function's, behind the usual start: CFA = rsp + 8, return address at
  // CFA-8.
  explicit Tables(const std::vector<uint8_t>& instructions,
                  std::vector<uint8_t> augmentation = {'z', 'R', 0}) {
    std::vector<uint8_t> common = {0, 0, 0, 0, 1};  // CIE, version 1
    common.insert(common.end(), augmentation.begin(), augmentation.end());
    common.insert(common.end(), {1, 0x78, 16, 1, 0x1b});    // alignments 1 and -8; pcrel sdata4
    common.insert(common.end(), {0x0c, 7, 8, 0x90, 1, 0});  // def_cfa rsp+8, offset ra at cfa-8
    const size_t common_at = AddEntry(common);
    std::vector<uint8_t> entry(13);  // CIE pointer, begin, size; 0 bytes of augmentation data
    entry.insert(entry.end(), instructions.begin(), instructions.end());
    entry_at_ = AddEntry(entry);
    Put(entry_at_ + 4, static_cast<uint32_t>(entry_at_ + 4 - common_at));
    Put(entry_at_ + 8, static_cast<uint32_t>(kCode - (entry_at_ + 8)));
    Put(entry_at_ + 12, kSize);
    const uint8_t header[] = {1, 0x1b, 0x03, 0x3b};
    std::memcpy(image_, header, sizeof(header));
    Put(8, 1);
    Put(12, static_cast<uint32_t>(kCode));
    Put(16, static_cast<uint32_t>(entry_at_));
  }

  UnwindRule At(size_t offset) const {
    return FindUnwindRule({image_, image_ + sizeof(image_), image_},
                          reinterpret_cast<uint64_t>(image_) + kCode + offset);
  }
  // As if the segment ended there.
  UnwindRule WithinFirst(size_t bytes) const {
    return FindUnwindRule({image_, image_ + bytes, image_},
                          reinterpret_cast<uint64_t>(image_) + kCode);
  }

  size_t size() const { return end_; }
  // The search table gives the other's entry for this one's function, which covers it.
  void LeadTo(Tables& other) {
    const auto distance = static_cast<uint32_t>(other.image_ - image_);
    Put(16, static_cast<uint32_t>(distance + other.entry_at_));
    other.Put(other.entry_at_ + 8, static_cast<uint32_t>(kCode - (distance + other.entry_at_ + 8)));
  }

 private:
  static constexpr size_t kCode = 256;
  static constexpr uint32_t kSize = 16;

  size_t AddEntry(const std::vector<uint8_t>& body) {
    const size_t at = end_;
    Put(at, static_cast<uint32_t>(body.size()));
    std::memcpy(image_ + at + 4, body.data(), body.size());
    end_ += 4 + body.size();
    return at;
  }
  void Put(size_t at, uint32_t value) { std::memcpy(image_ + at, &value, sizeof(value)); }

  alignas(8) uint8_t image_[kCode + kSize] = {};
  size_t end_ = 20;
  size_t entry_at_ = 0;
};

UnwindRule Rule(UnwindRule::Kind kind, int32_t cfa_offset, bool frame_saved = false,
                int16_t frame_offset = 0) {
  UnwindRule rule;
  rule.kind = kind;
  rule.cfa_offset = cfa_offset;
  rule.frame_saved = frame_saved;
  rule.frame_offset = frame_offset;
  return rule;
}

TEST(UnwindRuleTest, FollowsPushAndFramePointer) {
  // push rbp; mov rbp, rsp; ...; leave
  const Tables tables({0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x48, 0x0c, 7, 8});
  EXPECT_EQ(tables.At(0), Rule(UnwindRule::kFromStack, 8));
  EXPECT_EQ(tables.At(1), Rule(UnwindRule::kFromStack, 16, true, -16));
  EXPECT_EQ(tables.At(4), Rule(UnwindRule::kFromFrame, 16, true, -16));
  EXPECT_EQ(tables.At(11), Rule(UnwindRule::kFromFrame, 16, true, -16));
  EXPECT_EQ(tables.At(12), Rule(UnwindRule::kFromStack, 8, true, -16));
}

TEST(UnwindRuleTest, RemembersAndRestores) {
  // push rbp, an early return in the middle, then as before
  const Tables tables(
      {0x41, 0x0e, 16, 0x86, 2, 0x0a, 0x42, 0x0e, 8, 0xc6, 0x42, 0x0b, 0x02, 2, 0x0e, 32});
  EXPECT_EQ(tables.At(3), Rule(UnwindRule::kFromStack, 8));
  EXPECT_EQ(tables.At(5), Rule(UnwindRule::kFromStack, 16, true, -16));
  EXPECT_EQ(tables.At(7), Rule(UnwindRule::kFromStack, 32, true, -16));
}

TEST(UnwindRuleTest, KnowsRealignedFunctionsAndTheOutermost) {
  // DW_CFA_expression rbp: breg6 0; DW_CFA_def_cfa_expression: breg6 -8, deref
  const Tables realigned({0x10, 6, 2, 0x76, 0, 0x0f, 3, 0x76, 0x78, 0x06});
  EXPECT_EQ(realigned.At(0), Rule(UnwindRule::kFromRealigned, -8));
  const Tables outermost({0x07, 16});
  EXPECT_EQ(outermost.At(0), Rule(UnwindRule::kOutermost, 0));
  const Tables signal_frame({}, {'z', 'R', 'S', 0});
  EXPECT_EQ(signal_frame.At(0), Rule(UnwindRule::kOutermost, 0));
}

TEST(UnwindRuleTest, LeavesTheRestToOthers) {
  EXPECT_EQ(Tables({0x0c, 3, 8}).At(0).kind, UnwindRule::kUnknown);        // CFA from rbx
  EXPECT_EQ(Tables({0x0f, 2, 0x77, 8}).At(0).kind, UnwindRule::kUnknown);  // another expression
  EXPECT_EQ(Tables({0x09, 6, 3}).At(0).kind, UnwindRule::kUnknown);        // rbp is in rbx
  EXPECT_EQ(Tables({0x3f}).At(0).kind, UnwindRule::kUnknown);              // no such instruction
  EXPECT_EQ(Tables({0x0f, 0x70, 1}).At(0).kind, UnwindRule::kUnknown);     // runs past its end
}

TEST(UnwindRuleTest, KnowsNothingOutsideTheFunction) {
  const Tables tables({});
  EXPECT_EQ(tables.At(15), Rule(UnwindRule::kFromStack, 8));
  EXPECT_EQ(tables.At(16).kind, UnwindRule::kUnknown);
  EXPECT_EQ(tables.At(static_cast<size_t>(-1)).kind, UnwindRule::kUnknown);
}

// Wherever the segment ends, nothing behind it is read: the tables of a damaged program lead
// anywhere. The stack ends there rather than be given to libgcc, which would follow them.
TEST(UnwindRuleTest, ADamagedTableEndsTheStack) {
  const Tables tables({0x41, 0x0e, 16, 0x86, 2});
  for (size_t bytes = 0; bytes < tables.size(); ++bytes) {
    EXPECT_EQ(tables.WithinFirst(bytes).kind, UnwindRule::kOutermost) << bytes;
  }
  EXPECT_EQ(tables.WithinFirst(tables.size()), Rule(UnwindRule::kFromStack, 8));
}

TEST(UnwindRuleTest, FollowsNoTableOutOfItsSegment) {
  Tables both[2] = {Tables({}), Tables({})};
  both[0].LeadTo(both[1]);
  EXPECT_EQ(both[0].At(0).kind, UnwindRule::kOutermost);
  both[0] = Tables({});
  both[1].LeadTo(both[0]);
  EXPECT_EQ(both[1].At(0).kind, UnwindRule::kOutermost);
}

TEST(UnwindRuleTest, SurvivesPacking) {
  for (const UnwindRule& rule :
       {Rule(UnwindRule::kFromStack, 8), Rule(UnwindRule::kFromFrame, 16, true, -16),
        Rule(UnwindRule::kFromRealigned, -8),
        Rule(UnwindRule::kFromStack, 1 << 30, true, -32768)}) {
    EXPECT_EQ(UnwindRule::Unpack(rule.Pack()), rule);
  }
}

}  // namespace
}  // namespace faultline::agent
