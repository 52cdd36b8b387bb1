#include "harness/sweep/early_proofs.h"

#include <gmock/gmock.h>

#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "harness/base/testing/temporary_directory.h"
#include "harness/store/status.h"
#include "harness/sweep/testing/fake_sweep.h"

namespace faultline {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testkit::CrashesIn;
using testkit::FakeSite;
using testkit::FakeTarget;
using testkit::SweepTest;

constexpr uint64_t kCalls = 20;

// `a/x/one` is derived and called at kCalls places; in each call `a/x/two`, a leaf, is called at
// the same place of its function. `b/y/three`, a leaf, is called elsewhere.
class EarlyProofsTest : public SweepTest {
 protected:
  EarlyProofsTest() {
    loaded_.catalogue.points[0].kind = FaultPoint::Kind::kDerived;
    options_.selection.points = {"a/x/one", "b/y/three"};
    options_.cache_dir = cache_.path();
    options_.jobs = 1;
    target_.When("a/x/one", [this](const RunRequest& request, Evidence& evidence) {
      sites_seen_.insert(request.faults.front().site);
      Hang(request, evidence);
    });
  }

  static std::vector<FakeSite> Sites() {
    std::vector<FakeSite> sites;
    for (uint64_t i = 0; i < kCalls; ++i) {
      sites.push_back({"a/x/one", {100 + i, 9}, 1, false, ""});
      sites.push_back({"a/x/two", {7, 100 + i, 9}, 1, false, ""});
    }
    sites.push_back({"b/y/three", {3, 9}, 1, false, ""});
    return sites;
  }

  static void Hang(const RunRequest& request, Evidence& evidence) {
    evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
    evidence.asked_to_stop = true;
    evidence.stop_limit_ms = request.limits_ms.stop;
    evidence.stop_ms = request.limits_ms.stop + 3;
    evidence.stop_wait.limit_ms = request.limits_ms.stop;
  }

  // What a failing `a/x/two` leads to in the call around it.
  void WhenBelowFails(bool returned, bool failed, const FakeTarget::Behaviour& behaviour) {
    target_.When("a/x/two", [=, this](const RunRequest& request, Evidence& evidence) {
      behaviour(request, evidence);
      ++below_failed_;
      for (const FakeSite& site : Sites()) {
        WatchedReturn call;
        call.point = "a/x/one";
        call.site = FakeTarget::HashOf(site);
        call.hit_inside = site.point == "a/x/one" &&
                          FakeTarget::HashOf({"a/x/two", {7, site.frames[0], 9}, 1, false, ""}) ==
                              request.faults.front().site;
        call.returned = returned;
        call.failed = failed;
        evidence.returns.push_back(call);
      }
    });
  }

  void WhenBelowAborts() {
    WhenBelowFails(/*returned=*/false, /*failed=*/false, [](const RunRequest&, Evidence& evidence) {
      evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
    });
  }

  std::vector<FindingGroup> Findings() {
    return Store(file_.path(), Store::Mode::kRead).Findings();
  }

  const testkit::TemporaryDirectory cache_;
  FakeTarget target_{Sites()};
  std::set<uint64_t> sites_seen_;  // of a/x/one, made to fail
  int below_failed_ = 0;
};

// spdk_thread_send_msg: 41 callers, each of which hangs when it is told of an error.
TEST_F(EarlyProofsTest, OfAFunctionThatAbortsItselfOneCallIsVisitedAndTheOthersAreLeftOut) {
  WhenBelowAborts();
  const SweepResult result = Sweep(target_, file_.path());
  EXPECT_THAT(sites_seen_, SizeIs(1));
  EXPECT_EQ(below_failed_, 1);
  EXPECT_EQ(result.plans, 2u);
  EXPECT_EQ(result.remaining, 0u);
  EXPECT_THAT(result.impossible, SizeIs(kCalls - 1));
  EXPECT_THAT(result.impossible, Each(Pair(testing::_, HasSubstr("it ends in abort(), as was"))));
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(StatusOf(Findings()[0]), FindingStatus::kAssumed);
  EXPECT_THAT(StatusText(Findings()[0]), HasSubstr("it ends in abort()"));
}

TEST_F(EarlyProofsTest, TheOthersAreLeftOutOfTheNextSweepToo) {
  WhenBelowAborts();
  Sweep(target_, file_.path());
  const testkit::StoreFile next;
  const SweepResult again = Sweep(target_, next.path());
  EXPECT_EQ(again.plans, 1u) << "b/y/three";
  EXPECT_THAT(again.impossible, SizeIs(kCalls));
  EXPECT_THAT(sites_seen_, SizeIs(1));
}

TEST_F(EarlyProofsTest, SeveralJobsBeginFewMoreOfThem) {
  options_.jobs = 4;
  WhenBelowAborts();
  EXPECT_EQ(Sweep(target_, file_.path()).remaining, 0u);
  EXPECT_THAT(sites_seen_, SizeIs(testing::Le(4u)));
}

TEST_F(EarlyProofsTest, WhereTheFunctionIsSeenToFailAllItsCallsAreVisited) {
  WhenBelowFails(/*returned=*/true, /*failed=*/true, Hang);
  const SweepResult result = Sweep(target_, file_.path());
  EXPECT_THAT(sites_seen_, SizeIs(kCalls));
  EXPECT_THAT(result.impossible, IsEmpty());
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(StatusOf(Findings()[0]), FindingStatus::kConfirmed) << StatusText(Findings()[0]);
}

// It is coped with, at one call: others may ask for more.
TEST_F(EarlyProofsTest, WhatIsCopedWithInsideIsSeenAtTwoCallsBeforeOthersAreLeftOut) {
  WhenBelowFails(/*returned=*/true, /*failed=*/false, [](const RunRequest&, Evidence&) {});
  const SweepResult result = Sweep(target_, file_.path());
  EXPECT_THAT(sites_seen_, SizeIs(2));
  EXPECT_THAT(result.impossible, SizeIs(kCalls - 2));
}

// A leaf brings the same finding about, so that it is possible after all.
TEST_F(EarlyProofsTest, AnAssumedFindingThatALeafShowsTooIsConfirmed) {
  target_.When("a/x/one", CrashesIn("bad"));
  target_.When("b/y/three", CrashesIn("bad"));
  WhenBelowAborts();
  Sweep(target_, file_.path());
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(StatusOf(Findings()[0]), FindingStatus::kConfirmed) << StatusText(Findings()[0]);
  EXPECT_EQ(Findings()[0].proof.state, StoredProof::State::kNotNeeded);
}

TEST_F(EarlyProofsTest, WhatWasAssumedIsAskedAgainWhenALeafShowsItLater) {
  target_.When("a/x/one", CrashesIn("bad"));
  target_.When("b/y/three", CrashesIn("bad"));
  WhenBelowAborts();
  options_.selection.points = {"a/x/one"};
  Sweep(target_, file_.path());
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(StatusOf(Findings()[0]), FindingStatus::kAssumed);
  options_.selection.points = {"b/y/three"};
  Sweep(target_, file_.path());
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(StatusOf(Findings()[0]), FindingStatus::kConfirmed) << StatusText(Findings()[0]);
}

TEST_F(EarlyProofsTest, WhenAskedForAllCallsAreVisited) {
  WhenBelowAborts();
  options_.visit_impossible = true;
  const SweepResult result = Sweep(target_, file_.path());
  EXPECT_THAT(sites_seen_, SizeIs(kCalls));
  EXPECT_THAT(result.impossible, IsEmpty());
}

TEST_F(EarlyProofsTest, WithoutRunsLeftForAProofTheRestIsForTheNextCommand) {
  WhenBelowAborts();
  options_.budget.runs = 1;
  EXPECT_GT(Sweep(target_, file_.path()).remaining, 0u);
  options_.budget = {};
  const SweepResult result = Sweep(target_, file_.path());
  EXPECT_EQ(result.remaining, 0u);
  EXPECT_THAT(sites_seen_, SizeIs(testing::Le(2u)));
}

}  // namespace
}  // namespace faultline
