#include "harness/oracle/left_by_failed.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/stack_recorder.h"

// What a function that failed has left is read from stacks and from what was seen to be returned:
// those of this program.
namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr auto kFailed = static_cast<uint64_t>(-12);

// Makes what is polled, and its poller; the memory of a cache fails, and the poller stays.
[[gnu::noinline]] int GroupCreate(testkit::StackRecorder& run, bool gives_back) {
  run.Record("mempool/create", 0x10, "poller");
  NO_TAIL_CALL;
  run.Fail();
  if (gives_back) {
    run.Record("mempool/free", 0x10);
  }
  NO_TAIL_CALL;
  return 0;
}

[[gnu::noinline]] int AddTransport(testkit::StackRecorder& run, bool gives_back) {
  GroupCreate(run, gives_back);
  NO_TAIL_CALL;
  return 0;
}

// nvmf_transport_poll_group_create of SPDK frees what its poller polls.
TEST(LeftByFailed, IsTheFunctionThatFailedAndHasNotGivenBackWhatItMade) {
  testkit::StackRecorder run;
  AddTransport(run, /*gives_back=*/false);
  run.Trace({kFailed, 0});
  NO_TAIL_CALL;
  const auto left =
      FindLeftByFailed(run.evidence, run.catalogue, FindWhoMet(run.evidence, run.catalogue));
  ASSERT_TRUE(left);
  EXPECT_THAT(left->forgetter.function, EndsWith("GroupCreate"));
  EXPECT_EQ(left->object, "mempool `poller'");

  run.Die(SIGSEGV, {testkit::At("poll", "/src/t.c"), testkit::At("reactor_run", "/src/r.c")});
  const Finding crash = run.Judge().at(0);
  EXPECT_THAT(crash.title, HasSubstr("after point/of/any failed in"));
  EXPECT_THAT(crash.title, EndsWith("GroupCreate")) << "and not who is told of the failure";
  EXPECT_THAT(crash.details, Contains(HasSubstr("leaves mempool `poller'")));
}

TEST(LeftByFailed, IsNobodyWhereItIsGivenBackOrTheFunctionSucceeded) {
  testkit::StackRecorder tidy;
  AddTransport(tidy, /*gives_back=*/true);
  tidy.Trace({kFailed, 0});
  NO_TAIL_CALL;
  EXPECT_FALSE(
      FindLeftByFailed(tidy.evidence, tidy.catalogue, FindWhoMet(tidy.evidence, tidy.catalogue)));

  testkit::StackRecorder does_without;
  AddTransport(does_without, /*gives_back=*/false);
  does_without.Trace({0, 0});
  NO_TAIL_CALL;
  EXPECT_FALSE(FindLeftByFailed(does_without.evidence, does_without.catalogue,
                                FindWhoMet(does_without.evidence, does_without.catalogue)))
      << "it carried on, and keeps what it has made";
}

}  // namespace
}  // namespace faultline
