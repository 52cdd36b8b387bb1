#include "harness/oracle/met_failure.h"

#include <gmock/gmock.h>

#include <csignal>
#include <optional>

#include "harness/oracle/blame.h"
#include "harness/oracle/testing/stack_recorder.h"

// What functions return is read by the debug info of this program.
namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ReturnType::Kind;
using testkit::At;

constexpr uint64_t kNoMemory = static_cast<uint64_t>(-12);

TEST(ReadReturn, OfAPointerNullAndErrorsInPointers) {
  EXPECT_EQ(ReadReturn({Kind::kPointer}, 0, nullptr, 0), Returned::kFailure);
  EXPECT_EQ(ReadReturn({Kind::kPointer}, kNoMemory, nullptr, 0), Returned::kFailure);
  EXPECT_EQ(ReadReturn({Kind::kPointer}, 0x7fff0010, nullptr, 0), Returned::kSuccess);
}

TEST(ReadReturn, OfAnIntTheLowerHalfCounts) {
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 0xfffffff4, nullptr, 0), Returned::kFailure);
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 0x100000000, nullptr, 0), Returned::kSuccess);
  EXPECT_EQ(ReadReturn({Kind::kSigned, 8}, 0xfffffff4, nullptr, 0), Returned::kNotSeen);
}

TEST(ReadReturn, APositiveNumberIsAnErrorOnlyWhenItIsTheOneOfTheFailedCall) {
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 12, nullptr, 12), Returned::kFailure);
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 3, nullptr, 12), Returned::kNotSeen) << "or a count";
}

TEST(ReadReturn, APositiveNumberIsACountWhereTheCatalogueHasANegativeFailure) {
  FaultPoint point;
  point.failure.shape = FailureValue::Shape::kNumber;
  point.failure.result = -1;
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 14, &point, 12), Returned::kSuccess);
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 0xffffffff, &point, 12), Returned::kFailure);
  point.failure.result = 11;  // as pthread_create does, with any error number
  EXPECT_EQ(ReadReturn({Kind::kSigned, 4}, 14, &point, 12), Returned::kNotSeen);
}

TEST(ReadReturn, OfNothingNothingIsRead) {
  EXPECT_EQ(ReadReturn({Kind::kNothing}, kNoMemory, nullptr, 12), Returned::kNothing)
      << "left in rax by somebody else";
}

TEST(ReadReturn, OfAnUnknownTypeAsTheCatalogueSays) {
  FaultPoint point;
  point.failure.shape = FailureValue::Shape::kPointer;
  EXPECT_EQ(ReadReturn({}, 0, &point, 0), Returned::kFailure);
  EXPECT_EQ(ReadReturn({}, 0x1000, &point, 0), Returned::kSuccess);
  EXPECT_EQ(ReadReturn({}, 0, nullptr, 0), Returned::kNotSeen) << "null, or success";
  EXPECT_EQ(ReadReturn({}, kNoMemory, nullptr, 0), Returned::kFailure);
}

// A chain in SPDK's shape: a helper and a known function that return null, and who called them.
[[gnu::noinline]] void* MakePoller(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
  return nullptr;
}
[[gnu::noinline]] void* RegisterPoller(testkit::StackRecorder& run) {
  void* poller = MakePoller(run);
  NO_TAIL_CALL;
  return poller;
}
[[gnu::noinline]] int Initialize(testkit::StackRecorder& run) {
  RegisterPoller(run);
  NO_TAIL_CALL;
  return 0;
}
[[gnu::noinline]] void Start(testkit::StackRecorder& run) {
  Initialize(run);
  NO_TAIL_CALL;
}

// The same with a function that returns nothing and has no code of its own.
[[gnu::always_inline]] inline void Handle(testkit::StackRecorder& run) {
  RegisterPoller(run);
  NO_TAIL_CALL;
}
[[gnu::noinline]] int Serve(testkit::StackRecorder& run) {
  Handle(run);
  NO_TAIL_CALL;
  return 0;
}

class MetFailureTest : public testing::Test {
 protected:
  MetFailureTest() {
    Start(run_);
    NO_TAIL_CALL;
  }
  void AddPoint(const std::string& symbol) {
    FaultPoint& point = run_.catalogue.points.emplace_back();
    point.name = "test/" + symbol;
    point.symbols = {"faultline::(anonymous namespace)::" + symbol};
  }
  MetFailure Find() const { return FindWhoMet(run_.evidence, run_.catalogue); }
  static std::string NameOf(const MetFailure& met) {
    return met.stack.empty() ? "" : met.stack.front().function;
  }

  testkit::StackRecorder run_;
};

TEST_F(MetFailureTest, IsTheFirstFunctionThatDoesNotHandItOn) {
  run_.Trace({0, 0, 0, 0});
  const MetFailure met = Find();
  EXPECT_THAT(NameOf(met), EndsWith("::Initialize")) << "its 0 is success, theirs null";
  EXPECT_EQ(met.returned, Returned::kSuccess);
  EXPECT_THAT(met.handed_on_by,
              ElementsAre(EndsWith("::MakePoller"), EndsWith("::RegisterPoller")));
  EXPECT_THAT(HowItWentUp(met), HasSubstr("RegisterPoller returned a failure to "));
  EXPECT_THAT(HowItWentUp(met), EndsWith("Initialize, which returned success"));
}

TEST_F(MetFailureTest, AFunctionOfStrippedCodeIsToldByItsModule) {
  run_.Trace({0, 0, 0, 0});
  Stack& stack = run_.evidence.injections.front().stack;
  stack.front().function.clear();
  stack.front().module = "libpoller.so.1";
  EXPECT_THAT(HowItWentUp(Find()), HasSubstr("a function of libpoller.so.1 and "));
}

TEST_F(MetFailureTest, AFaultPointThatReturnsSuccessIsIt) {
  AddPoint("RegisterPoller");
  AddPoint("Initialize");
  run_.Trace({0, 0, 0, 0});
  EXPECT_THAT(NameOf(Find()), EndsWith("::Initialize")) << "not Start, which was told of success";
}

TEST_F(MetFailureTest, WithoutATraceFaultPointsArePassedOver) {
  AddPoint("MakePoller");
  AddPoint("RegisterPoller");
  AddPoint("Initialize");
  const MetFailure met = Find();
  EXPECT_THAT(NameOf(met), EndsWith("::Start"));
  EXPECT_EQ(met.returned, Returned::kNotSeen);
  EXPECT_EQ(HowItWentUp(met), "");
}

TEST_F(MetFailureTest, WhatReturnsNothingCannotHandItOn) {
  run_.Trace({0, 0, kNoMemory, kNoMemory});
  const MetFailure met = Find();
  EXPECT_THAT(NameOf(met), EndsWith("::Start")) << "void, whatever is left in rax";
  EXPECT_EQ(met.returned, Returned::kNothing);
}

// MakePoller has returned null; it dies when it is called again, given something that Initialize
// had lost. Tempting: it is a function in which a call failed, one bug whoever called it.
TEST_F(MetFailureTest, ACrashInAHelperThatHandedTheFailureOnIsToldByWhoDroppedIt) {
  const std::string helper = "faultline::(anonymous namespace)::MakePoller";
  run_.Trace({0, 0, 0, std::nullopt});
  run_.Die(SIGSEGV, {At(helper, "/src/poller.c"), At("use", "/src/use.c")});
  const Finding crash = run_.Judge().at(0);
  EXPECT_THAT(crash.title, HasSubstr(", after point/of/any failed below "));
  EXPECT_THAT(crash.title, EndsWith("::Initialize"));
  EXPECT_THAT(crash.signature, EndsWith("MakePoller < use"));
}

TEST_F(MetFailureTest, ACrashInTheFunctionThatNeverCameBackIsItsOwn) {
  const std::string helper = "faultline::(anonymous namespace)::MakePoller";
  run_.Trace({std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  run_.Die(SIGSEGV, {At(helper, "/src/poller.c"), At("use", "/src/use.c")});
  const Finding crash = run_.Judge().at(0);
  EXPECT_THAT(crash.title, EndsWith("MakePoller"));
  EXPECT_THAT(crash.signature, EndsWith("MakePoller"));
}

TEST_F(MetFailureTest, WhoCopesIsIt) {
  run_.Trace({0x1000, 0x1000, 0, 0});
  EXPECT_THAT(NameOf(Find()), EndsWith("::MakePoller"));
}

TEST_F(MetFailureTest, WhoNeverReturnsIsIt) {
  run_.Trace({0, std::nullopt, std::nullopt, std::nullopt});
  const MetFailure met = Find();
  EXPECT_THAT(NameOf(met), EndsWith("::RegisterPoller"));
  EXPECT_THAT(HowItWentUp(met), EndsWith("RegisterPoller, which did not return"));
}

TEST_F(MetFailureTest, WhatWasLeftByAnExceptionHasHandedItOn) {
  run_.Trace({std::nullopt, std::nullopt, 0, 0});
  const MetFailure met = Find();
  EXPECT_THAT(NameOf(met), EndsWith("::Initialize"));
  EXPECT_THAT(met.handed_on_by, IsEmpty());
}

TEST_F(MetFailureTest, TellsOfEachFrameByItsPlaceFromTheOutside) {
  run_.Trace({0, 0, 0, 0});
  const MetFailure met = Find();
  const size_t depth = run_.evidence.injections[0].stack.size();
  EXPECT_EQ(met.Of(depth), Returned::kFailure);
  EXPECT_EQ(met.Of(depth - 2), Returned::kSuccess);
  EXPECT_EQ(met.Of(depth - 3), Returned::kNothing);
  EXPECT_EQ(met.Of(depth + 1), Returned::kNotSeen);
  EXPECT_EQ(met.Of(0), Returned::kNotSeen);
}

TEST(FindWhoMet, AnInlinedFunctionHasNotReturnedWhatTheOneAroundItHas) {
  testkit::StackRecorder run;
  Serve(run);
  NO_TAIL_CALL;
  run.Trace({0, 0, 0});
  const MetFailure met = FindWhoMet(run.evidence, run.catalogue);
  EXPECT_THAT(met.stack.front().function, EndsWith("::Handle"));
  EXPECT_EQ(met.returned, Returned::kNothing);
}

TEST(FindWhoMet, IsNobodyWhenNothingFailed) { EXPECT_THAT(FindWhoMet({}, {}).stack, IsEmpty()); }

}  // namespace
}  // namespace faultline
