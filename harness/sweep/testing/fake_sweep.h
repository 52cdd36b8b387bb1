#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "harness/store/store.h"
#include "harness/store/testing/store_values.h"
#include "harness/sweep/sweep.h"
#include "harness/sweep/testing/fake_target.h"
#include "harness/sweep/testing/fake_workers.h"

// Whole sweeps of a FakeTarget, for tests.
namespace faultline::testkit {

class SweepTest : public ::testing::Test {
 protected:
  SweepTest() {
    for (const char* name : {"a/x/one", "a/x/two", "b/y/three", "b/y/four"}) {
      FaultPoint point;
      point.name = name;
      point.symbols = {name};
      point.kind = FaultPoint::Kind::kLeaf;
      loaded_.catalogue.points.push_back(point);
    }
    loaded_.scenario.name = "fake";
    loaded_.scenario.steps.push_back(Step{WaitReadyStep{}, "", {}, false, {}});
    loaded_.scenario.steps.push_back(Step{SignalStep{15}, "", {}, false, {}});
    options_.program = "/bin/true";
    options_.modes = {SweepMode::kTransient};
    options_.occurrences = 1;
    options_.jobs = 2;
  }

  SweepResult Sweep(FakeTarget& target, const std::filesystem::path& file,
                    const Shard& shard = {}) {
    Store store(file, Store::Mode::kCreate);
    SweepOptions options = options_;
    options.shard = shard;
    SweepProgress silent;
    FakeWorkers workers([&](const SweepContext& context, const QueueRequest& request) {
      FakeExecutor executor(target);
      return MakeRun(context, request, executor);
    });
    return RunSweep(loaded_, options, store, workers, silent);
  }

  LoadedScenario loaded_;
  SweepOptions options_;
  StoreFile file_;
};

inline std::vector<FakeSite> FourSites() {
  return {{"a/x/one", {1, 9}, 1, false, ""},
          {"a/x/two", {2, 9}, 1, false, ""},
          {"b/y/three", {3, 9}, 2, false, ""},
          {"b/y/four", {4, 9}, 1, false, ""}};
}

// As when the machine has no memory for it.
inline void GiveUpByItself(Evidence& evidence) {
  evidence.faults_not_reached.push_back(evidence.injections.back().fault);
  evidence.injections.clear();
  evidence.exit.code = 1;
  StepResult& step = evidence.steps.emplace_back();
  step.status = StepResult::Status::kTargetGone;
  step.detail = "the target ended (exit 1) before it was ready";
}

}  // namespace faultline::testkit
