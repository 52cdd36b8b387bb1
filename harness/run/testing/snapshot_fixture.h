#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "harness/run/snapshot_executor.h"
#include "harness/target/run_dir.h"

// Runs of snapshot_victim, forked at its calls.
namespace faultline::testing {

inline constexpr size_t kCalls = 6;  // of victim_call

// Of those that were made cold for a reason.
inline ::testing::Matcher<SnapshotPool::Cold> OneRun() {
  return ::testing::AllOf(
      ::testing::Field(&SnapshotPool::Cold::runs, 1),
      ::testing::Field(&SnapshotPool::Cold::points, ::testing::ElementsAre("victim/call")));
}

class SnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make snapshots";
    }
    FaultPoint point;
    point.name = "victim/call";
    point.symbols = {"victim_call"};
    point.failure.result = -1;
    catalogue_.points.push_back(point);
    point.name = "library/call";
    point.symbols = {"ns_makecanon"};  // of the library that the victim loads after some calls
    catalogue_.points.push_back(point);
    profile_.ready.kind = ReadyCondition::Kind::kStarted;
    scenario_.steps.push_back({WaitExitStep{{0}}, "", {}, false, {}});
    limits_.stop = 5'000;
  }

  RunRequest Request(const std::vector<std::string>& args) {
    profile_.args = args;
    RunRequest request{scenario_, profile_, catalogue_};
    request.program = SNAPSHOT_VICTIM;
    request.agent = SNAPSHOT_AGENT;
    request.limits_ms = limits_;
    request.cache_dir = cache_.path();
    request.provisional = true;
    return request;
  }

  // The calls that the victim makes, in their order.
  std::vector<SiteCall> Calls(const RunRequest& request) {
    const std::map<SiteCall, size_t>& order = pool_.Order(request);
    std::vector<SiteCall> calls(order.size());
    for (const auto& [call, place] : order) {
      calls[place] = call;
    }
    return calls;
  }

  static RunRequest WithFault(const RunRequest& request, const SiteCall& call) {
    Fault fault;
    fault.id = "site";
    fault.point = "victim/call";
    fault.site = call.site;
    fault.first = fault.last = call.occurrence;
    RunRequest with_fault = request;
    with_fault.faults = {fault};
    return with_fault;
  }

  Evidence FailAt(const RunRequest& request, const SiteCall& call) {
    return SnapshotExecutor(pool_, nullptr).Execute(WithFault(request, call));
  }

  static std::vector<std::string> Log(const Evidence& evidence) {
    std::vector<std::string> lines;
    for (const LogLine& line : evidence.log) {
      lines.push_back(line.text);
    }
    return lines;
  }

  // The kinds of descriptors that it had when it ended: nothing of the harness's may be among them.
  static std::vector<std::string> OpenAtExit(const Evidence& evidence) {
    std::vector<std::string> files;
    for (const protocol::JournalRecord& record : evidence.journal.records) {
      if (record.kind == protocol::JournalRecord::kOpenFile) {
        const std::string what = record.label;
        files.push_back(std::to_string(record.key) + " " + what.substr(0, what.find('[')));
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  // Every call of the victim with so many threads fails once.
  void FailEach(int threads) {
    const RunRequest request = Request({std::to_string(threads)});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, ::testing::SizeIs(kCalls));
    std::vector<std::string> files;
    for (size_t i = 0; i < kCalls; ++i) {
      const Evidence evidence = FailAt(request, calls[i]);
      EXPECT_TRUE(evidence.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
      ASSERT_THAT(evidence.injections, ::testing::SizeIs(1));
      EXPECT_EQ(evidence.injections[0].occurrence, calls[i].occurrence);
      const std::vector<std::string> log = Log(evidence);
      EXPECT_EQ(log.front(), "begin");
      EXPECT_EQ(log.back(), "whole, 1 failed") << ::testing::PrintToString(log);
      EXPECT_EQ(evidence.exit.code, 0);
      EXPECT_EQ(evidence.exit.kind, ExitStatus::Kind::kExited);
      EXPECT_THAT(evidence.left_behind, ::testing::IsEmpty());
      files = OpenAtExit(evidence);
    }
    EXPECT_EQ(pool_.counts().snapshots, kCalls);
    RunRequest cold = request;
    cold.provisional = false;
    EXPECT_EQ(files.size(), OpenAtExit(FailAt(cold, calls[0])).size());
  }

  // A victim that has `what` is forked twice, and the second is as whole as the first.
  void ExpectForked(const std::string& what) {
    const RunRequest request = Request({"0", what});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, ::testing::SizeIs(kCalls));
    for (const size_t call : {2, 4}) {
      const Evidence evidence = FailAt(request, calls[call]);
      EXPECT_TRUE(evidence.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
      EXPECT_EQ(Log(evidence).back(), "whole, 1 failed") << ::testing::PrintToString(Log(evidence));
    }
  }

  // Why a victim that has `what` is not forked.
  void ExpectCold(const std::string& what, const std::string& why) {
    const RunRequest request = Request({"0", what});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, ::testing::SizeIs(kCalls));
    const Evidence evidence = FailAt(request, calls[2]);
    EXPECT_FALSE(evidence.from_snapshot);
    EXPECT_THAT(evidence.injections, ::testing::SizeIs(1));
    EXPECT_THAT(pool_.counts().cold,
                ::testing::Contains(::testing::Pair(::testing::HasSubstr(why), OneRun())));
    EXPECT_EQ(pool_.counts().snapshots, 0);
  }

  RunDirectory cache_;
  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  LimitsMs limits_;
  SnapshotPool pool_;
};

}  // namespace faultline::testing
