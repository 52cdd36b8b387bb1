#include "harness/scenario/state_path.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

const std::vector<StatePathPart> kBusy = {
    {"threads", false}, {"nvmf_tgt_poll_group_000", true}, {"polls", false}, {"busy", false}};

TEST(StatePath, NamesTheEndOfAPathWithOrWithoutElements) {
  for (const char* pattern :
       {"busy", "polls.busy", "threads.polls.busy", "threads.*.busy",
        "threads[nvmf_tgt_poll_group_*].polls.busy", "[nvmf_tgt_poll_group_000].polls.busy"}) {
    EXPECT_TRUE(EndsInStatePath(kBusy, pattern)) << pattern;
  }
  for (const char* pattern :
       {"polls", "threads.busy", "[app].polls.busy", "threads[app*].polls.busy",
        "[nvmf_tgt_poll_group_000].busy", "x.threads.polls.busy"}) {
    EXPECT_FALSE(EndsInStatePath(kBusy, pattern)) << pattern;
  }
}

TEST(StatePath, NamesAWholeElement) {
  const std::vector<StatePathPart> element = {{"threads", false}, {"app", true}};
  EXPECT_TRUE(EndsInStatePath(element, "[app]"));
  EXPECT_TRUE(EndsInStatePath(element, "threads[app]"));
  EXPECT_FALSE(EndsInStatePath(element, "threads")) << "the list is none of its elements";
}

TEST(StatePath, NamesOfElementsMayHaveDots) {
  EXPECT_TRUE(EndsInStatePath({{"nqn.2016-06.io.spdk:cnode1", true}, {"hosts", false}},
                              "[nqn.2016-06.io.spdk:*].hosts"));
}

TEST(StatePath, BracketsAreClosedAndNotEmpty) {
  for (const char* path : {"threads[app.busy", "threads[].busy", "threads[app]busy"}) {
    EXPECT_FALSE(SplitStatePath(path)) << path;
  }
}

}  // namespace
}  // namespace faultline
