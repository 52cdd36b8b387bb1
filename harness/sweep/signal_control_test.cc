#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>

#include "harness/sweep/confirm.h"
#include "harness/sweep/testing/fake_sweep.h"

// What a stop signal that comes while the target backs out brings about, or hides.
namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testkit::CrashesIn;
using testkit::FakeTarget;
using testkit::FourSites;
using testkit::SweepTest;

bool IsLeftToEnd(const RunRequest& request) {
  const Step& last = request.scenario.steps.back();
  const bool waits = std::holds_alternative<WaitExitStep>(last.action);
  EXPECT_EQ(last.even_if_gone, waits) << "a step that fails before it would skip it";
  return waits;
}

void CrashInHandler(const RunRequest& request, Evidence& evidence) {
  CrashesIn("send_msg")(request, evidence);
  for (const char* function : {"on_signal", "__restore_rt", "pool_free"}) {
    evidence.threads[0].frames.push_back({function, "app.c", 1, "fake", 1});
  }
}

class SignalTest : public SweepTest {
 protected:
  SignalTest() { loaded_.scenario.steps.resize(1); }

  FindingGroup FindingOf(const std::string& kind) {
    Store store(file_.path(), Store::Mode::kRead);
    for (const FindingGroup& group : store.Findings()) {
      if (group.kind == kind) {
        return group;
      }
    }
    ADD_FAILURE() << "no finding of kind " << kind;
    return {};
  }

  FakeTarget target_{FourSites()};
};

// When `a/x/one` fails the target backs out, and the handler of a stop signal crashes. Without one
// it ends by itself or, if it `needs_signal`, not at all; or it crashes all the same.
class CrashTest : public SignalTest {
 protected:
  FindingGroup SweepOne(bool needs_signal, bool crashes_without) {
    target_.When("a/x/one", [=](const RunRequest& request, Evidence& evidence) {
      const bool waits = IsLeftToEnd(request);
      evidence.asked_to_stop = !waits || needs_signal;
      if (!waits || crashes_without) {
        CrashInHandler(request, evidence);
      }
    });
    Sweep(target_, file_.path());
    return FindingOf("crash");
  }
};

TEST_F(CrashTest, InASignalHandlerIsTriedWithoutTheSignal) {
  const FindingGroup group = SweepOne(/*needs_signal=*/false, /*crashes_without=*/false);
  EXPECT_EQ(StatusOf(group), FindingStatus::kConfirmed);
  EXPECT_EQ(group.unsignalled_tries, 3);
  EXPECT_EQ(group.unsignalled, 0);
  EXPECT_THAT(group.scenario, HasSubstr("the signal while the target backs out brings it about"));
  EXPECT_THAT(group.scenario, Not(HasSubstr("wait_exit")));
}

TEST_F(CrashTest, ThatComesWithoutTheSignalIsNotBlamedOnIt) {
  const FindingGroup group = SweepOne(/*needs_signal=*/false, /*crashes_without=*/true);
  EXPECT_EQ(group.unsignalled, 3);
  EXPECT_THAT(group.scenario, Not(HasSubstr("signal while")));
}

TEST_F(CrashTest, OfATargetThatDoesNotEndByItselfTellsNothingAboutTheSignal) {
  EXPECT_EQ(SweepOne(/*needs_signal=*/true, /*crashes_without=*/false).unsignalled_tries, 0);
}

// When `a/x/one` fails the target backs out and leaves a file behind, in the runs `leaks` of those
// that get a stop signal, from 0; in the runs `crashes` it dies of the signal before anyone can
// tell. Without one it leaves the file if it `leaks_without`.
class LeakTest : public SignalTest {
 protected:
  FindingGroup SweepOne(const std::set<int>& leaks, const std::set<int>& crashes,
                        bool leaks_without) {
    target_.When("a/x/one", [=, this](const RunRequest& request, Evidence& evidence) {
      const bool waits = IsLeftToEnd(request);
      const int run = waits ? -1 : signalled_++;
      evidence.asked_to_stop = !waits;
      evidence.exit.code = 1;
      if (crashes.contains(run)) {
        CrashInHandler(request, evidence);
      } else if (waits ? leaks_without : leaks.contains(run)) {
        evidence.left_behind = {"lock"};
      }
    });
    Sweep(target_, file_.path());
    return FindingOf("leak");
  }

  int signalled_ = 0;
};

TEST_F(LeakTest, ThatOnlyTheStopSignalHidesIsConfirmedAndReplayedWithoutIt) {
  const FindingGroup group = SweepOne({0, 1, 3}, {2}, /*leaks_without=*/true);
  EXPECT_EQ(StatusOf(group), FindingStatus::kConfirmed) << StatusText(group);
  EXPECT_TRUE(FailsCommand(group));
  EXPECT_EQ(group.confirmed, 2);
  EXPECT_EQ(group.control_tries, 0) << "it is known to come each time";
  EXPECT_THAT(group.scenario, HasSubstr("came in each of 3 runs without the stop signal"));
  EXPECT_THAT(group.scenario, HasSubstr("wait_exit"));
}

TEST_F(LeakTest, IsConfirmedAlsoWhenTheSignalHidItEachTime) {
  EXPECT_EQ(StatusOf(SweepOne({0}, {1, 2, 3}, /*leaks_without=*/true)), FindingStatus::kConfirmed);
}

// Tempting: the signal came in that run as well.
TEST_F(LeakTest, ThatStaysAwayFromARunThatEndedInOrderIsFlaky) {
  const FindingGroup group = SweepOne({0, 1, 3}, {}, /*leaks_without=*/true);
  EXPECT_EQ(StatusOf(group), FindingStatus::kFlaky);
  EXPECT_EQ(group.unsignalled_tries, 0);
  EXPECT_THAT(group.scenario, Not(HasSubstr("wait_exit")));
}

// Tempting: two of three, and the signal is known to disturb.
TEST_F(LeakTest, ThatDoesNotComeWithoutTheSignalStaysFlaky) {
  const FindingGroup group = SweepOne({0, 1, 3}, {2}, /*leaks_without=*/false);
  EXPECT_EQ(StatusOf(group), FindingStatus::kFlaky);
  EXPECT_FALSE(FailsCommand(group));
  EXPECT_EQ(group.unsignalled_tries, 3);
  EXPECT_EQ(group.control_tries, 3);
  EXPECT_THAT(group.scenario, HasSubstr("came in none of 3 runs without the stop signal"));
  EXPECT_THAT(group.scenario, Not(HasSubstr("wait_exit")));
}

}  // namespace
}  // namespace faultline
