#include "harness/sweep/sweep.h"

#include <gmock/gmock.h>

#include <set>

#include "harness/base/failure.h"
#include "harness/store/merge.h"
#include "harness/store/testing/store_values.h"
#include "harness/sweep/testing/fake_sweep.h"
#include "harness/target/hugepage_pool.h"
#include "harness/target/machine.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using testkit::CrashesIn;
using testkit::FakeSite;
using testkit::FakeTarget;
using testkit::FourSites;
using testkit::GiveUpByItself;
using testkit::StoreFile;
using testkit::SweepTest;

TEST_F(SweepTest, VisitsEachSiteOnceAndGroupsWhatBreaks) {
  FakeTarget target(FourSites());
  target.When("a/x/one", CrashesIn("bad"));
  target.When("b/y/three", CrashesIn("bad"));
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.plans, 4u);
  EXPECT_EQ(result.remaining, 0u);
  EXPECT_THAT(result.outcomes, ElementsAre(Pair("finding", 2), Pair("tolerated", 2)));
  Store store(file_.path(), Store::Mode::kRead);
  ASSERT_THAT(store.Findings(), SizeIs(1));
  EXPECT_EQ(store.Findings()[0].runs, 2);
  EXPECT_EQ(store.Findings()[0].confirmed, 3);
  // The signal is not needed; the wait for readiness always stays.
  EXPECT_THAT(store.Findings()[0].scenario, ::testing::Not(::testing::HasSubstr("signal")));
}

TEST_F(SweepTest, SecondOccurrencesArePlansOfTheirOwn) {
  FakeTarget target(FourSites());
  options_.occurrences = 2;
  EXPECT_EQ(Sweep(target, file_.path()).plans, 5u);
}

TEST_F(SweepTest, TheSameCommandAgainFinishesAtOnce) {
  FakeTarget target(FourSites());
  target.When("a/x/one", CrashesIn("bad"));
  Sweep(target, file_.path());
  const int runs = target.runs();
  const SweepResult again = Sweep(target, file_.path());
  EXPECT_EQ(target.runs(), runs);
  EXPECT_EQ(again.done_before, 4u);
  EXPECT_EQ(again.outcomes.at("finding"), 1u);
}

TEST_F(SweepTest, ABudgetLeavesARestThatTheNextCommandDoes) {
  FakeTarget target(FourSites());
  target.When("a/x/one", CrashesIn("bad"));
  options_.budget.runs = 3;
  EXPECT_EQ(Sweep(target, file_.path()).remaining, 2u) << "one run is kept for confirming";
  options_.budget = {};
  EXPECT_EQ(Sweep(target, file_.path()).remaining, 0u);
  Store store(file_.path(), Store::Mode::kRead);
  EXPECT_EQ(store.Findings().at(0).confirmed, 3);
}

TEST_F(SweepTest, WhatWasLeftUntriedIsConfirmedBeforeMoreIsVisited) {
  FakeTarget target(FourSites());
  target.When("a/x/one", CrashesIn("bad"));
  options_.budget.runs = 1;
  Sweep(target, file_.path());
  options_.budget.runs = 3;
  EXPECT_EQ(Sweep(target, file_.path()).remaining, 3u);
  EXPECT_EQ(Store(file_.path(), Store::Mode::kRead).Findings().at(0).confirmed, 3);
}

// Six runs are kept for the finding, which needs fewer.
TEST_F(SweepTest, WhatConfirmingDoesNotNeedOfABudgetGoesToMoreVisits) {
  std::vector<FakeSite> sites = FourSites();
  for (uint64_t i = 0; i < 12; ++i) {
    sites.push_back({"b/y/four", {100 + i, 9}, 1, false, ""});
  }
  FakeTarget target(sites);
  options_.jobs = 1;
  options_.budget.runs = 20;
  target.When("a/x/one", CrashesIn("bad"));
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.remaining, 0u);
  EXPECT_LE(result.runs, 20);
  EXPECT_EQ(Store(file_.path(), Store::Mode::kRead).Findings().at(0).confirmed, 3);
}

TEST_F(SweepTest, ShardsMergedEqualTheWhole) {
  FakeTarget target(FourSites());
  target.When("a/x/one", CrashesIn("bad"));
  target.When("b/y/four", CrashesIn("worse"));
  Sweep(target, file_.path());
  StoreFile parts[3];
  std::vector<std::filesystem::path> files;
  for (int i = 0; i < 3; ++i) {
    Sweep(target, parts[i].path(), {i + 1, 3, "test"});
    files.push_back(parts[i].path());
  }
  const StoreFile merged;
  const MergeResult result = MergeStores(merged.path(), files);
  EXPECT_EQ(result.runs_in_several, 0u);
  Store all(merged.path(), Store::Mode::kRead);
  Store whole(file_.path(), Store::Mode::kRead);
  EXPECT_EQ(all.RunKeys(), whole.RunKeys());
  ASSERT_EQ(all.Findings().size(), whole.Findings().size());
  for (size_t i = 0; i < all.Findings().size(); ++i) {
    EXPECT_EQ(all.Findings()[i].signature, whole.Findings()[i].signature);
    EXPECT_EQ(all.Findings()[i].run_keys, whole.Findings()[i].run_keys);
  }
}

TEST_F(SweepTest, CrashesBeforeMainInOneFunctionAreVisitedOnceAndCounted) {
  std::vector<FakeSite> sites;
  for (uint64_t i = 0; i < 20; ++i) {
    sites.push_back({"a/x/one", {7, 100 + i}, 1, true, ""});
  }
  FakeTarget target(sites);
  target.When("a/x/one", [](const RunRequest&, Evidence& evidence) {
    evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.outcomes.at("finding"), 1u);
  EXPECT_EQ(result.outcomes.at("alike"), 19u);
  Store store(file_.path(), Store::Mode::kRead);
  EXPECT_EQ(store.Findings().at(0).sites, 20);
}

// Following every call to its site makes a start long; a plan's run that hangs must not be waited
// for so long, and at first only briefly.
TEST_F(SweepTest, LimitsComeFromAFaultFreeRunThatIsAsThePlansAre) {
  FakeTarget target(FourSites());
  int start_limit_ms = 0;
  target.When("a/x/one", [&start_limit_ms](const RunRequest& request, Evidence&) {
    start_limit_ms = request.limits_ms.start;
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_TRUE(result.objects_unseen) << "a fake target has none";
  EXPECT_EQ(start_limit_ms, 500 + 4 * FakeTarget::kStartMs);
  EXPECT_EQ(result.fault_free_ms, 2 * FakeTarget::kStartMs);
}

// A run that does not stop in time. `starved`: it waited for a CPU, and its limit was put off as
// far as limits are.
void HangAtStop(Evidence& evidence, bool starved) {
  evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
  evidence.asked_to_stop = true;
  evidence.stop_limit_ms = 2'000;
  evidence.stop_ms = starved ? 6'000 : 2'004;
  evidence.stop_wait.limit_ms = 2'000;
  evidence.stop_wait.for_cpu_ms = starved ? 4'000 : 0;
}

// The first time such a run times out, others went on: no proof.
TEST_F(SweepTest, AHangOfAStarvedTargetThatDoesNotComeAgainAloneIsNone) {
  FakeTarget target(FourSites());
  int times = 0;
  target.When("a/x/two", [&times](const RunRequest&, Evidence& evidence) {
    if (times++ < 2) {  // a brief look and a patient one
      HangAtStop(evidence, /*starved=*/true);
    }
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.outcomes.at("tolerated"), 4u);
  Store store(file_.path(), Store::Mode::kRead);
  EXPECT_THAT(store.Findings(), IsEmpty());
  EXPECT_THAT(store.Runs(),
              Contains(::testing::Field(&StoredRun::note, ::testing::HasSubstr("not alone"))));
}

TEST_F(SweepTest, AHangOfAStarvedTargetThatComesAgainAloneIsAFinding) {
  FakeTarget target(FourSites());
  int times = 0;
  target.When("a/x/two", [&times](const RunRequest&, Evidence& evidence) {
    HangAtStop(evidence, /*starved=*/times++ < 2);
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_THAT(result.too_busy, IsEmpty());
  Store store(file_.path(), Store::Mode::kRead);
  ASSERT_THAT(store.Findings(), SizeIs(1));
  EXPECT_EQ(store.Findings()[0].kind, "hang");
  EXPECT_EQ(store.Findings()[0].confirmed, 3);
}

TEST_F(SweepTest, AHangOfATargetThatIsStarvedEvenAloneIsNotJudgedButSaid) {
  FakeTarget target(FourSites());
  target.When("a/x/two", [](const RunRequest&, Evidence& evidence) {
    HangAtStop(evidence, /*starved=*/true);
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_THAT(result.too_busy, SizeIs(1));
  EXPECT_THAT(result.no_verdicts, IsEmpty());
  EXPECT_EQ(result.remaining, 1u) << "for a quieter machine";
  EXPECT_THAT(Store(file_.path(), Store::Mode::kRead).Findings(), IsEmpty());
}

TEST_F(SweepTest, AHangOfATargetThatHadTheCpuIsBelievedAtOnce) {
  FakeTarget target(FourSites());
  int times = 0;
  target.When("a/x/two", [&times](const RunRequest&, Evidence& evidence) {
    if (times++ < 2) {  // a brief look and a patient one
      HangAtStop(evidence, /*starved=*/false);
    }
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.outcomes.at("finding"), 1u);
}

TEST_F(SweepTest, SitesFirstSeenAfterAFailureAreVisitedAsPairs) {
  std::vector<FakeSite> sites = FourSites();
  sites.push_back({"b/y/four", {5, 9}, 1, false, "a/x/one"});
  FakeTarget target(sites);
  options_.modes = {SweepMode::kTransient, SweepMode::kPair};
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_EQ(result.plans, 5u);
  Store store(file_.path(), Store::Mode::kRead);
  const std::vector<StoredRun> runs = store.Runs();
  EXPECT_THAT(runs, Contains(::testing::Field(&StoredRun::mode, "pair")));
  EXPECT_EQ(result.outcomes.count("not reached"), 0u);
}

TEST_F(SweepTest, ATargetThatBreaksWithoutFaultsIsSaidToDoSo) {
  class Broken : public Executor {
   public:
    Evidence Execute(const RunRequest&) override {
      Evidence evidence;
      evidence.agent_ready = true;
      evidence.exit = {ExitStatus::Kind::kSignaled, SIGSEGV};
      return evidence;
    }
  };
  Store store(file_.path(), Store::Mode::kCreate);
  SweepProgress silent;
  const SweepResult result = RunSweep(
      loaded_, options_, store, [] { return std::make_unique<Broken>(); }, silent);
  EXPECT_THAT(result.fault_free_findings, SizeIs(::testing::Ge(1u)));
  EXPECT_THAT(store.Runs(), IsEmpty());
}

TEST_F(SweepTest, ARunThatCannotBeMadeGetsNoVerdictAndIsTriedAgainNextTime) {
  FakeTarget target(FourSites());
  bool broken = true;
  target.When("a/x/two", [&broken](const RunRequest&, Evidence&) {
    if (broken) {
      throw Failure::CannotWork("no free hugepages");
    }
  });
  EXPECT_THAT(Sweep(target, file_.path()).no_verdicts,
              ElementsAre(::testing::HasSubstr("no free hugepages")));
  broken = false;
  const SweepResult again = Sweep(target, file_.path());
  EXPECT_THAT(again.no_verdicts, IsEmpty());
  EXPECT_EQ(again.outcomes.at("tolerated"), 4u);
}

// What is left for later is no longer waited for: the progress line says "done" without it.
TEST_F(SweepTest, APlanWithoutAVerdictIsToldToBeLeftOut) {
  class Counting : public SweepProgress {
   public:
    void LeftOut(size_t plans) override { left_out += plans; }
    size_t left_out = 0;
  };
  FakeTarget target(FourSites());
  target.When("a/x/two",
              [](const RunRequest&, Evidence&) { throw Failure::CannotWork("no free hugepages"); });
  Store store(file_.path(), Store::Mode::kCreate);
  Counting progress;
  testkit::FakeWorkers workers([&](const SweepContext& context, const QueueRequest& request) {
    testkit::FakeExecutor executor(target);
    return MakeRun(context, request, executor);
  });
  EXPECT_EQ(RunSweep(loaded_, options_, store, workers, progress).remaining, 1u);
  EXPECT_EQ(progress.left_out, 1u);
}

TEST_F(SweepTest, ATargetThatGivesUpBeforeAnythingFailedIsTriedAgainAndElseGetsNoVerdict) {
  FakeTarget target(FourSites());
  int times = 1;
  target.When("a/x/two", [&times](const RunRequest&, Evidence& evidence) {
    if (times-- > 0) {
      GiveUpByItself(evidence);
    }
  });
  const SweepResult result = Sweep(target, file_.path());
  EXPECT_THAT(result.no_verdicts, IsEmpty());
  EXPECT_THAT(result.outcomes, ElementsAre(Pair("tolerated", 4)));

  times = 2;
  const StoreFile other;
  EXPECT_THAT(Sweep(target, other.path()).no_verdicts,
              ElementsAre(::testing::HasSubstr("before anything was made to fail: the target "
                                               "ended (exit 1)")));
}

// Two runs that each look for free hugepages could else both count on the same ones.
TEST_F(SweepTest, HoldsHugepagesForAllItsJobs) {
  constexpr int kMbOfARun = 8;
  const std::string lack = LackOfHugepages(2 * kMbOfARun, /*mount=*/false);
  if (!lack.empty()) {
    GTEST_SKIP() << lack;
  }
  loaded_.scenario.resources.hugepages_mb = kMbOfARun;
  FakeTarget target(FourSites());
  int64_t pages = 0;
  target.When("a/x/one",
              [&](const RunRequest&, Evidence&) { pages = ReadHugepagePool()->available(); });
  Sweep(target, file_.path());
  EXPECT_GE(pages, 2 * kMbOfARun / kHugepageMb);
}

TEST_F(SweepTest, RefusesAPatternThatMatchesNoPointWithTheNearest) {
  FakeTarget target(FourSites());
  options_.selection.points = {"a/x/on"};
  try {
    Sweep(target, file_.path());
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
    EXPECT_THAT(failure.what(), ::testing::HasSubstr("a/x/one"));
  }
}

}  // namespace
}  // namespace faultline
