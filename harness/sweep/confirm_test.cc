#include "harness/sweep/confirm.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/base/testing/temporary_directory.h"
#include "harness/sweep/testing/fake_sweep.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using testkit::CrashesIn;
using testkit::FakeTarget;
using testkit::FourSites;
using testkit::GiveUpByItself;
using testkit::SweepTest;

// Of six steps: the wait for readiness and five RPCs, `one` to `five`.
class ConfirmTest : public SweepTest {
 protected:
  ConfirmTest() {
    loaded_.scenario.steps.resize(1);
    for (const char* method : {"one", "two", "three", "four", "five"}) {
      loaded_.scenario.steps.push_back(Step{RpcStep{method, {}, {}}, "", {}, false, {}});
    }
  }

  // The RPCs of a run's scenario, in order.
  static std::vector<std::string> Methods(const RunRequest& request) {
    std::vector<std::string> methods;
    for (const Step& step : request.scenario.steps) {
      if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
        methods.push_back(rpc->method);
      }
    }
    return methods;
  }

  // When the first site fails the target crashes, at `method`, if it is asked for all of `needed`.
  // What the runs with that failure had for RPCs is in runs_.
  void CrashAt(const std::string& method, const std::vector<std::string>& needed) {
    target_.When("a/x/one", [=, this](const RunRequest& request, Evidence& evidence) {
      const std::vector<std::string> methods = Methods(request);
      runs_.push_back(methods);
      const bool all = std::all_of(needed.begin(), needed.end(), [&](const std::string& one) {
        return std::find(methods.begin(), methods.end(), one) != methods.end();
      });
      const auto at = std::find(methods.begin(), methods.end(), method);
      if (!all || at == methods.end()) {
        return;
      }
      CrashesIn("bad")(request, evidence);
      StepResult& step = evidence.steps.emplace_back();
      step.index = static_cast<int>(at - methods.begin()) + 2;
      step.status = StepResult::Status::kTargetGone;
    });
  }

  std::string StoredScenario() {
    Store store(file_.path(), Store::Mode::kRead);
    const std::vector<FindingGroup> findings = store.Findings();
    EXPECT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings.at(0).confirmed, 3);
    return findings.at(0).scenario;
  }

  FakeTarget target_{FourSites()};
  using Run = std::vector<std::string>;
  std::vector<Run> runs_;
};

TEST_F(ConfirmTest, WhatComesAfterAFindingIsLeftOutFromTheStart) {
  CrashAt("two", {"two"});
  Sweep(target_, file_.path());
  const Run shortened = {"one", "two"};
  EXPECT_THAT(runs_, ElementsAre(Run{"one", "two", "three", "four", "five"}, shortened, shortened,
                                 shortened, Run{}, Run{"one"}, Run{"two"}));
  EXPECT_THAT(StoredScenario(), Not(HasSubstr("rpc: one")));
}

TEST_F(ConfirmTest, AStepIsKeptWithoutWhichTheRestFailsBeforeAnyFault) {
  CrashAt("two", {"two"});
  target_.WhenNothingFails([](const RunRequest& request, Evidence& evidence) {
    if (Methods(request) == Run{"two"}) {
      StepResult& step = evidence.steps.emplace_back();
      step.index = 2;
      step.status = StepResult::Status::kUnmet;
    }
  });
  Sweep(target_, file_.path());
  EXPECT_EQ(runs_.back(), Run{"two"}) << "with the fault it comes without `one`";
  EXPECT_THAT(StoredScenario(), HasSubstr("rpc: one"));
}

TEST_F(ConfirmTest, ALaterStepThatMattersAfterAllIsKept) {
  CrashAt("two", {"two", "four"});
  Sweep(target_, file_.path());
  const Run whole = {"one", "two", "three", "four", "five"};
  ASSERT_GE(runs_.size(), 7u);
  EXPECT_EQ(runs_[3], (Run{"one", "two"})) << "it is not seen there, three times";
  EXPECT_EQ(runs_[6], whole);
  EXPECT_THAT(StoredScenario(), HasSubstr("rpc: four"));
  EXPECT_THAT(StoredScenario(), Not(HasSubstr("rpc: five")));
}

TEST_F(ConfirmTest, WhatComesAfterTheFaultIsLeftOutAtOnceIfItDoesNotMatter) {
  target_.When("a/x/one", [this](const RunRequest& request, Evidence& evidence) {
    runs_.push_back(Methods(request));
    CrashesIn("bad")(request, evidence);  // at the end, whatever it was asked for
  });
  Sweep(target_, file_.path());
  EXPECT_THAT(runs_, SizeIs(5)) << "once found, three times confirmed, once without all of them";
  EXPECT_EQ(runs_.back(), Run{});
}

// The finding with the first site failing comes in runs `shown` of those, and with nothing failing
// in runs `without` of those behind the census; both from 0.
class FlakyTest : public ConfirmTest {
 protected:
  FindingGroup SweepFlaky(std::set<int> shown, std::set<int> without) {
    target_.When("a/x/one", [=, this](const RunRequest& request, Evidence& evidence) {
      if (shown.contains(failing_++)) {
        CrashesIn("bad")(request, evidence);
      }
    });
    target_.WhenNothingFails([=, this](const RunRequest& request, Evidence& evidence) {
      if (failing_ > 0 && without.contains(faultless_++)) {
        CrashesIn("bad")(request, evidence);
      }
    });
    Sweep(target_, file_.path());
    Store store(file_.path(), Store::Mode::kRead);
    EXPECT_THAT(store.Findings(), SizeIs(1));
    return store.Findings().at(0);
  }

  int failing_ = 0;
  int faultless_ = 0;
};

TEST_F(FlakyTest, WhatComesWithoutTheFaultTooIsARaceOfTheTargetsOwn) {
  loaded_.scenario.steps.resize(1);
  const FindingGroup group = SweepFlaky({0, 2}, {1});
  EXPECT_EQ(StatusOf(group), FindingStatus::kFlaky);
  EXPECT_EQ(group.control_tries, 3);
  EXPECT_EQ(group.control, 1);
  EXPECT_THAT(group.scenario, HasSubstr("a race of the target's own"));
}

TEST_F(FlakyTest, WhatNeedsTheFaultIsNoRaceOfTheTargetsOwn) {
  loaded_.scenario.steps.resize(1);
  const FindingGroup group = SweepFlaky({0, 2}, {});
  EXPECT_EQ(StatusOf(group), FindingStatus::kFlaky);
  EXPECT_EQ(group.control_tries, 3);
  EXPECT_FALSE(ComesWithoutFault(group));
}

TEST_F(FlakyTest, WhatNeverComesAgainIsUnproven) {
  loaded_.scenario.steps.resize(1);
  const FindingGroup group = SweepFlaky({0}, {});
  EXPECT_EQ(StatusOf(group), FindingStatus::kUnproven);
  EXPECT_FALSE(FailsCommand(group));
  EXPECT_THAT(group.scenario, HasSubstr("# unproven: "));
}

TEST_F(FlakyTest, WhatComesEachTimeNeedsNoControl) {
  loaded_.scenario.steps.resize(1);
  const FindingGroup group = SweepFlaky({0, 1, 2, 3}, {});
  EXPECT_EQ(StatusOf(group), FindingStatus::kConfirmed);
  EXPECT_EQ(group.control_tries, 0);
  EXPECT_THAT(group.scenario, HasSubstr("# confirmed: came again in 3 of 3 runs\n"));
}

// Of the sites only `a/x/one` is selected, and derived; `a/x/two`, a leaf, lies in its call.
class DerivedTest : public SweepTest {
 protected:
  DerivedTest() {
    loaded_.catalogue.points[0].kind = FaultPoint::Kind::kDerived;
    options_.selection.points = {"a/x/one"};
    options_.cache_dir = cache_.path();
    target_.When("a/x/one", CrashesIn("bad"));
  }

  // What comes of a failing `a/x/two`: the derived call does not return, or does, failed or not.
  void WhenBelowFails(bool returned, bool failed, const FakeTarget::Behaviour& behaviour) {
    target_.When("a/x/two", [=, this](const RunRequest& request, Evidence& evidence) {
      behaviour(request, evidence);
      ++below_failed_;
      EXPECT_THAT(request.watch_returns.size(), testing::Le(1u));
      WatchedReturn call;
      call.point = "a/x/one";
      call.site = FakeTarget::HashOf(sites_[0]);
      call.hit_inside = true;
      call.returned = returned;
      call.failed = failed;
      evidence.returns = {call};
    });
  }

  FindingGroup SweepOne() {
    Sweep(target_, file_.path());
    Store store(file_.path(), Store::Mode::kRead);
    EXPECT_THAT(store.Findings(), SizeIs(1));
    return store.Findings().at(0);
  }

  const testkit::TemporaryDirectory cache_;
  const std::vector<testkit::FakeSite> sites_ = {{"a/x/one", {1, 9}, 1, false, ""},
                                                 {"a/x/two", {7, 1, 9}, 1, false, ""}};
  FakeTarget target_{sites_};
  int below_failed_ = 0;
};

TEST_F(DerivedTest, AFailureBelowThatBringsTheFindingAboutStandsForIt) {
  WhenBelowFails(/*returned=*/true, /*failed=*/true, CrashesIn("bad"));
  const FindingGroup group = SweepOne();
  EXPECT_EQ(StatusOf(group), FindingStatus::kConfirmed) << StatusText(group);
  EXPECT_EQ(group.proof.state, StoredProof::State::kProven);
  EXPECT_THAT(group.scenario, HasSubstr("point: a/x/two"));
  EXPECT_THAT(group.scenario, HasSubstr("proven from below: a/x/two in "));
  EXPECT_THAT(group.places, HasSubstr("a/x/two"));
}

TEST_F(DerivedTest, WhatOnlyComesWhenTheFunctionDoesNotFailProvesNothing) {
  WhenBelowFails(/*returned=*/true, /*failed=*/false, CrashesIn("bad"));
  const FindingGroup group = SweepOne();
  EXPECT_EQ(StatusOf(group), FindingStatus::kAssumed) << "it is another bug";
  EXPECT_EQ(group.tries, 0) << "how often it comes does not matter";
}

TEST_F(DerivedTest, AFunctionThatAbortsItselfMakesItsFindingAssumedAndIsNotVisitedAgain) {
  WhenBelowFails(/*returned=*/false, /*failed=*/false, [](const RunRequest&, Evidence& evidence) {
    evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
  });
  const FindingGroup group = SweepOne();
  EXPECT_EQ(StatusOf(group), FindingStatus::kAssumed);
  EXPECT_EQ(group.proof.text, "a/x/one was not seen to fail: 1 place below it; it ends in abort()");
  EXPECT_FALSE(FailsCommand(group));
  EXPECT_THAT(group.scenario, HasSubstr("point: a/x/one"));

  const testkit::StoreFile next;
  const SweepResult again = Sweep(target_, next.path());
  EXPECT_EQ(again.plans, 0u);
  EXPECT_THAT(again.impossible, SizeIs(1));
  options_.visit_impossible = true;
  EXPECT_EQ(Sweep(target_, next.path()).plans, 1u);
}

TEST_F(DerivedTest, TheStoreThatHasTheVisitsGoesOnAsBefore) {
  WhenBelowFails(/*returned=*/false, /*failed=*/false, [](const RunRequest&, Evidence& evidence) {
    evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
  });
  SweepOne();
  const SweepResult again = Sweep(target_, file_.path());
  EXPECT_EQ(again.plans, 1u);
  EXPECT_EQ(again.runs, 0);
  EXPECT_THAT(again.impossible, testing::IsEmpty());
}

TEST_F(DerivedTest, APlanAtALeafIsTakenFirstAndNeedsNoProof) {
  options_.selection.points = {"a/x/one", "a/x/two"};
  WhenBelowFails(/*returned=*/true, /*failed=*/true, CrashesIn("bad"));
  const FindingGroup group = SweepOne();
  EXPECT_EQ(group.proof.state, StoredProof::State::kNotNeeded);
  EXPECT_THAT(group.scenario, HasSubstr("point: a/x/two"));
}

TEST_F(DerivedTest, ABudgetThatEndsBeforeTheProofLeavesTheFindingUntried) {
  WhenBelowFails(/*returned=*/true, /*failed=*/true, CrashesIn("bad"));
  options_.budget.runs = 3;  // the visit, the proof and one more run
  EXPECT_EQ(StatusOf(SweepOne()), FindingStatus::kNotTried);
  options_.budget.runs = 100;
  EXPECT_EQ(StatusOf(SweepOne()), FindingStatus::kConfirmed);
}

TEST_F(ConfirmTest, ATargetThatGivesUpByItselfDoesNotUnproveAFinding) {
  FakeTarget target(FourSites());
  int times = 0;
  target.When("a/x/one", [&times](const RunRequest& request, Evidence& evidence) {
    if (times++ == 0) {
      CrashesIn("bad")(request, evidence);
    } else {
      GiveUpByItself(evidence);
    }
  });
  Sweep(target, file_.path());
  Store store(file_.path(), Store::Mode::kRead);
  ASSERT_THAT(store.Findings(), SizeIs(1));
  EXPECT_EQ(store.Findings()[0].tries, 0) << "neither confirmed nor refuted";
}

TEST_F(ConfirmTest, AHangIsConfirmedAloneAndACrashIsNot) {
  const auto hangs = [](const RunRequest& request, Evidence& evidence) {
    evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
    evidence.asked_to_stop = true;
    evidence.stop_limit_ms = request.limits_ms.stop;
    evidence.stop_ms = request.limits_ms.stop + 3;
  };
  target_.When("a/x/one", hangs);
  target_.When("a/x/two", CrashesIn("bad"));
  target_.When("b/y/four", CrashesIn("worse"));
  SweepProgress silent;
  Store store(file_.path(), Store::Mode::kCreate);
  std::map<std::string, int> alone;  // how many runs of each point were
  std::unique_ptr<testkit::FakeWorkers> workers;
  workers = std::make_unique<testkit::FakeWorkers>(
      [&](const SweepContext& context, const QueueRequest& request) {
        if (request.purpose == QueueRequest::Purpose::kConfirm && request.plan != nullptr &&
            request.alone) {
          EXPECT_EQ(workers->running(), 0u);
          ++alone[request.plan->site.point];
        }
        testkit::FakeExecutor executor(target_);
        return MakeRun(context, request, executor);
      });
  RunSweep(loaded_, options_, store, *workers, silent);
  EXPECT_THAT(alone, ElementsAre(::testing::Pair("a/x/one", 3)));
}

}  // namespace
}  // namespace faultline
