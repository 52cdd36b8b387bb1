#include "harness/sweep/census.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "harness/sweep/testing/fake_sweep.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testkit::CrashesIn;
using testkit::FakeTarget;
using testkit::FourSites;

class ControlsTest : public testkit::SweepTest {
 protected:
  // The target crashes by itself as soon as another runs beside it.
  SweepResult SweepOfARacingTarget() {
    FakeTarget target(FourSites());
    bool beside = false;
    target.WhenNothingFails([&](const RunRequest& request, Evidence& evidence) {
      if (beside) {
        CrashesIn("race")(request, evidence);
      }
    });
    std::unique_ptr<testkit::FakeWorkers> workers;
    workers = std::make_unique<testkit::FakeWorkers>(
        [&](const SweepContext& context, const QueueRequest& request) {
          beside = workers->running() > 0;
          testkit::FakeExecutor executor(target);
          return MakeRun(context, request, executor);
        });
    Store store(file_.path(), Store::Mode::kCreate);
    SweepProgress silent;
    return RunSweep(loaded_, options_, store, *workers, silent);
  }
};

TEST_F(ControlsTest, WhatATargetShowsOnlyBesideOthersIsSaidToNeedNoFault) {
  const SweepResult result = SweepOfARacingTarget();
  EXPECT_THAT(result.fault_free_findings, IsEmpty());
  EXPECT_THAT(result.control_findings, ElementsAre(Field(&StoredFinding::kind, "crash")));
  EXPECT_EQ(result.outcomes.at("tolerated"), 4u) << "the plans are visited all the same";
}

TEST_F(ControlsTest, OneJobHasNothingBesideIt) {
  options_.jobs = 1;
  EXPECT_THAT(SweepOfARacingTarget().control_findings, IsEmpty());
}

}  // namespace
}  // namespace faultline
