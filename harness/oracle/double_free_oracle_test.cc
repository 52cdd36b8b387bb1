#include <gmock/gmock.h>

#include <csignal>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using protocol::JournalRecord;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

// A run of a program that makes a pool and frees it.
class FreedPool : public ::testing::Test {
 protected:
  FreedPool() {
    for (Observer& observer : run_.catalogue.observers) {
      observer.once = observer.name == "mempool/free";
    }
    run_.Call("mempool/create", 0x20, "pool_4711");
    run_.Call("mempool/free", 0x20);
  }
  JudgedRun run_;
};

TEST_F(FreedPool, IsFreedTwiceByASecondCall) {
  run_.step = 3;
  run_.Call("mempool/free", 0x20);
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("double-free")));
  EXPECT_EQ(findings[0].title, "mempool `pool_4711' is freed twice");
  EXPECT_EQ(findings[0].signature, "double-free: mempool is freed twice");
  EXPECT_EQ(findings[0].step, 3);
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("freed first in step 0")));
}

TEST_F(FreedPool, MayHaveASuccessorAtItsAddress) {
  run_.Call("mempool/create", 0x20, "pool_4712");
  run_.Call("mempool/free", 0x20);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

// What was never seen to be made may come from where nothing is observed: memory of a memzone.
TEST_F(FreedPool, IsNoneThatNobodySawMade) {
  run_.Call("mempool/free", 0x30);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(FreedPool, IsTheAffairOfTheObjectThatEndsAroundIt) {
  run_.Call("mempool/free", 0x20, "", JournalRecord::kInsideWrap);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(FreedPool, IsNotJudgedWhereItsKindMayEndMoreThanOnce) {
  for (Observer& observer : run_.catalogue.observers) {
    observer.once = false;
  }
  run_.Call("mempool/free", 0x20);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(FreedPool, IsNotJudgedWhereCreationsAreNotSeen) {
  run_.evidence.hooks[3].status = HookReport::Status::kRefused;  // mempool/create
  run_.Call("mempool/free", 0x20);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(FreedPool, ExplainsTheDeathInThatFunction) {
  run_.Call("mempool/free", 0x20);
  run_.Die(SIGSEGV, {At("rt_mempool_free", "/src/pool.c"), At("main", "/src/main.c")});
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("double-free")));
}

TEST_F(FreedPool, DoesNotExplainADeathElsewhere) {
  run_.Call("mempool/free", 0x20);
  run_.Die(SIGSEGV, {At("parse", "/src/config.c"), At("main", "/src/main.c")});
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("crash"), IsKind("double-free")));
}

}  // namespace
}  // namespace faultline
