#include "harness/sweep/visits.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "harness/sweep/testing/fake_sweep.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testkit::FakeTarget;
using testkit::FourSites;

constexpr int kForEverMs = std::numeric_limits<int>::max();
// A fake target stops at once.
constexpr int kBriefMs = 500;
constexpr int kFullMs = 2'000;

// Stop limits of the runs in which a call of each point failed, in their order.
using LimitsSeen = std::map<std::string, std::vector<int>>;

class VisitsTest : public testkit::SweepTest {
 protected:
  // One at a time, so that what one run proves is known when the next begins.
  VisitsTest() { options_.jobs = 1; }

  // Its target does not stop within `longer_than_ms` when a call of `point` fails.
  void HangsWhenFails(FakeTarget& target, const std::string& point, int longer_than_ms,
                      const std::string& met_by = "") {
    target.When(point, [=, this](const RunRequest& request, Evidence& evidence) {
      seen_[point].push_back(request.limits_ms.stop);
      if (request.limits_ms.stop > longer_than_ms) {
        return;
      }
      evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
      evidence.asked_to_stop = true;
      evidence.stop_limit_ms = request.limits_ms.stop;
      evidence.stop_ms = request.limits_ms.stop + 3;
      evidence.stop_wait.limit_ms = request.limits_ms.stop;
      // Limits are put off by twice their time at most.
      evidence.stop_wait.for_cpu_ms = point == waits_for_cpu_ ? 2 * request.limits_ms.stop : 0;
      for (Injection& injection : evidence.injections) {
        injection.stack = {Frame{.function = met_by, .file = "", .module = "target"}};
      }
    });
  }

  std::vector<FindingGroup> Findings() {
    return Store(file_.path(), Store::Mode::kRead).Findings();
  }

  std::string waits_for_cpu_;  // a point
  LimitsSeen seen_;
};

TEST_F(VisitsTest, AHangIsProvenOnceByFullTimeoutsAndThenKnownByBriefOnes) {
  FakeTarget target(FourSites());
  for (const char* point : {"a/x/one", "a/x/two", "b/y/three"}) {
    HangsWhenFails(target, point, kForEverMs, "pool_init");
  }
  EXPECT_EQ(Sweep(target, file_.path()).outcomes.at("finding"), 3u);
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(Findings()[0].confirmed, 3);
  std::vector<int> visits;
  for (auto& [point, limits] : seen_) {
    visits.insert(visits.end(), limits.begin(), limits.end());
  }
  // Proven in a visit, and again in the first of the runs that confirm it.
  EXPECT_EQ(std::count(visits.begin(), visits.end(), kFullMs), 2);
}

TEST_F(VisitsTest, WhatIsOnlySlowIsNoHangAndProvesNone) {
  FakeTarget target(FourSites());
  HangsWhenFails(target, "a/x/one", kBriefMs + 100, "pool_init");
  HangsWhenFails(target, "a/x/two", kBriefMs + 100, "pool_init");
  EXPECT_EQ(Sweep(target, file_.path()).outcomes.at("tolerated"), 4u);
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(seen_["a/x/one"], ElementsAre(kBriefMs, kFullMs));
  EXPECT_THAT(seen_["a/x/two"], ElementsAre(kBriefMs, kFullMs));
}

TEST_F(VisitsTest, AnotherHangNeedsAProofOfItsOwn) {
  FakeTarget target(FourSites());
  HangsWhenFails(target, "a/x/one", kForEverMs, "pool_init");
  HangsWhenFails(target, "b/y/four", kBriefMs + 100, "ring_init");
  EXPECT_EQ(Sweep(target, file_.path()).outcomes.at("finding"), 1u);
  EXPECT_THAT(seen_["b/y/four"], ElementsAre(kBriefMs, kFullMs));
}

TEST_F(VisitsTest, AKnownHangIsNotBelievedOfATargetThatGotNoCpu) {
  FakeTarget target(FourSites());
  HangsWhenFails(target, "a/x/one", kForEverMs, "pool_init");
  HangsWhenFails(target, "b/y/four", kBriefMs + 100, "pool_init");
  waits_for_cpu_ = "b/y/four";
  EXPECT_EQ(Sweep(target, file_.path()).outcomes.at("finding"), 1u);
  EXPECT_THAT(seen_["b/y/four"], ElementsAre(kBriefMs, kFullMs));
}

// A wait for a line of the log, say.
TEST_F(VisitsTest, AStepThatTimesOutWithoutAHangIsNeverKnown) {
  FakeTarget target(FourSites());
  std::vector<int> limits;
  for (const char* point : {"a/x/one", "b/y/four"}) {
    target.When(point, [&](const RunRequest& request, Evidence& evidence) {
      limits.push_back(request.limits_ms.stop);
      StepResult& step = evidence.steps.emplace_back();
      step.index = 9;
      step.status = StepResult::Status::kTimedOut;
    });
  }
  Sweep(target, file_.path());
  EXPECT_EQ(std::count(limits.begin(), limits.end(), kFullMs),
            std::count(limits.begin(), limits.end(), kBriefMs));
}

// What a slow target shows in the end is what counts, in a confirmation too.
TEST_F(VisitsTest, ACrashThatComesLateIsNotTakenForAHang) {
  FakeTarget target(FourSites());
  target.When("a/x/one", [](const RunRequest& request, Evidence& evidence) {
    if (request.limits_ms.stop < 1'000) {
      evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
      evidence.asked_to_stop = true;
      evidence.stop_limit_ms = request.limits_ms.stop;
      evidence.stop_ms = request.limits_ms.stop + 3;
    } else {
      evidence.exit = {ExitStatus::Kind::kSignaled, SIGSEGV};
    }
  });
  Sweep(target, file_.path());
  ASSERT_THAT(Findings(), SizeIs(1));
  EXPECT_EQ(Findings()[0].kind, "crash");
  EXPECT_EQ(Findings()[0].confirmed, 3);
}

}  // namespace
}  // namespace faultline
