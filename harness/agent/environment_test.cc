#include "harness/agent/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace faultline::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An environment block as the kernel makes it: writable strings and a NULL-terminated array.
class Block {
 public:
  explicit Block(std::vector<std::string> entries) : entries_(std::move(entries)) {
    for (std::string& entry : entries_) {
      pointers_.push_back(entry.data());
    }
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }
  std::vector<std::string> Entries() const {
    std::vector<std::string> entries;
    for (char* const* at = pointers_.data(); *at != nullptr; ++at) {
      entries.emplace_back(*at);
    }
    return entries;
  }

 private:
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

std::vector<std::string> WithoutAgent(const std::string& preload) {
  Block block({"A=1", "LD_PRELOAD=" + preload, "B=2"});
  RemoveFromPreload(block.get(), "/x/libagent.so");
  return block.Entries();
}

TEST(EnvironmentTest, FindsTheWholeNameOnly) {
  Block block({"PLAN_B=no", "PLAN=yes", "EMPTY="});
  EXPECT_STREQ(FindVariable(block.get(), "PLAN"), "yes");
  EXPECT_STREQ(FindVariable(block.get(), "EMPTY"), "");
  EXPECT_EQ(FindVariable(block.get(), "PLA"), nullptr);
}

TEST(EnvironmentTest, RemovesEveryEntryOfAVariable) {
  Block block({"PLAN=1", "A=1", "PLAN=2", "PLANET=3"});
  RemoveVariable(block.get(), "PLAN");
  EXPECT_THAT(block.Entries(), ElementsAre("A=1", "PLANET=3"));
  RemoveVariable(block.get(), "A");
  RemoveVariable(block.get(), "PLANET");
  RemoveVariable(block.get(), "PLANET");
  EXPECT_THAT(block.Entries(), IsEmpty());
}

TEST(EnvironmentTest, KeepsOtherPreloads) {
  EXPECT_THAT(WithoutAgent("liba.so:/build/libagent.so:/b/libb.so"),
              ElementsAre("A=1", "LD_PRELOAD=liba.so:/b/libb.so", "B=2"));
  EXPECT_THAT(WithoutAgent("libagent.so liba.so"), ElementsAre("A=1", "LD_PRELOAD=liba.so", "B=2"));
  EXPECT_THAT(WithoutAgent("liba.so:libagent.so.1:notlibagent.so"),
              ElementsAre("A=1", "LD_PRELOAD=liba.so:libagent.so.1:notlibagent.so", "B=2"));
}

TEST(EnvironmentTest, RemovesThePreloadVariableWhenNothingIsLeft) {
  EXPECT_THAT(WithoutAgent("/build/libagent.so"), ElementsAre("A=1", "B=2"));
  EXPECT_THAT(WithoutAgent(":/build/libagent.so: "), ElementsAre("A=1", "B=2"));
  Block none({"A=1"});
  RemoveFromPreload(none.get(), "libagent.so");
  EXPECT_THAT(none.Entries(), ElementsAre("A=1"));
}

}  // namespace
}  // namespace faultline::agent
