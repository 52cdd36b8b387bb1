#include <gmock/gmock.h>

#include <csignal>
#include <set>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using protocol::JournalRecord;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testkit::IsKind;
using testkit::JudgedRun;

// ---- What stays behind the target

class LeftBehind : public ::testing::Test {
 protected:
  LeftBehind() {
    fault_free_.left_behind = {"file /dev/shm/trace.pid100", "file dpdk/config"};
    run_.fault_free = &fault_free_;
  }
  FaultFreeRun fault_free_;
  JudgedRun run_;
};

TEST_F(LeftBehind, WhatTheFaultFreeRunLeavesTooIsNoLeak) {
  run_.evidence.left_behind = {"file dpdk/config", "file /dev/shm/trace.pid2345"};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeftBehind, ReportsWhatIsLeftBeyondThatOncePerKind) {
  run_.evidence.left_behind = {"file dpdk/config", "file dpdk/mp_socket", "socket rpc.1.sock",
                               "socket rpc.2.sock"};
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_EQ(findings[0].title, "left behind: file dpdk/mp_socket");
  EXPECT_EQ(findings[1].signature, "leak: socket rpc.#.sock");
}

// l2fwd could not copy the name of its prefix and took the default one.
TEST_F(LeftBehind, UnderAnotherPrefixItIsTheSameFile) {
  fault_free_.left_behind = {"file dpdk/${file_prefix}/config", "file dpdk/${file_prefix}/f_12k",
                             "hugepage file ${file_prefix}map_0"};
  run_.evidence.left_behind = {"file dpdk/rte/config", "file dpdk/rte/f_2k",
                               "hugepage file rtemap_7", "file dpdk/rte/mp_socket",
                               "file dpdk/a/b/config"};
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_EQ(findings[0].title, "left behind: file dpdk/rte/mp_socket");
  EXPECT_EQ(findings[1].title, "left behind: file dpdk/a/b/config");
}

TEST_F(LeftBehind, AFileThatAnotherProcessHoldsMayStay) {
  run_.evidence.left_behind = {"file ${run_dir}/rpc.sock.lock", "file rpc.sock"};
  Injection injection;
  injection.point = "libc/file/flock";
  injection.held_file = "file ${run_dir}/rpc.sock.lock";
  run_.evidence.injections = {injection};
  const auto findings = run_.Judge();
  ASSERT_EQ(findings.size(), 1u) << "what was not locked is still a leak";
  EXPECT_EQ(findings[0].object, "file rpc.sock");
}

TEST_F(LeftBehind, WithoutAFaultFreeRunNothingIsTooMuch) {
  run_.evidence.left_behind = {"file anything"};
  run_.fault_free = nullptr;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeftBehind, ATargetThatWasKilledCouldNotTidyUp) {
  run_.evidence.left_behind = {"file dpdk/mp_socket"};
  run_.Die(SIGSEGV);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("crash")));
}

// ---- Objects

class LeakedObjects : public ::testing::Test {
 protected:
  // A run that makes a device and a pool with a ring in it, and gives them back.
  static void MakeAll(JudgedRun& run) {
    run.Call("io_device/register", 0x10, "iobuf");
    run.Call("mempool/create", 0x20, "pool_4711");
  }
  void JudgeAgainst(const JudgedRun& fault_free) {
    described_ = DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
    run_.fault_free = &described_;
  }
  void SetUp() override {
    JudgedRun fault_free;
    MakeAll(fault_free);
    fault_free.Call("mempool/free", 0x20);
    fault_free.Call("io_device/unregister", 0x10);
    JudgeAgainst(fault_free);
  }
  FaultFreeRun described_;
  JudgedRun run_;
};

TEST_F(LeakedObjects, AreThoseThatTheFaultFreeRunReleases) {
  run_.step = 2;
  MakeAll(run_);
  run_.Call("io_device/unregister", 0x10);
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "mempool `pool_4711' is never released by the stop");
  EXPECT_EQ(findings[0].signature, "leak: mempool `pool_#' is never released by the stop");
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("made in step 2")));
}

TEST_F(LeakedObjects, AreNoneWhenTheFaultFreeRunKeepsThemToo) {
  JudgedRun fault_free;
  MakeAll(fault_free);
  JudgeAgainst(fault_free);
  MakeAll(run_);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakedObjects, AreNoneWhenNothingSaysThatAnybodyReleasesThem) {
  run_.Call("mempool/create", 0x30, "spare");
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakedObjects, AreNoneOfAStartThatJustExits) {
  MakeAll(run_);
  run_.evidence.asked_to_stop = false;
  run_.evidence.exit.code = 1;
  run_.evidence.steps.resize(2);
  run_.evidence.steps[1].status = StepResult::Status::kTargetGone;
  run_.evidence.rpcs.clear();
  run_.scenario.tolerance = Tolerance::kMayFailCleanly;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakedObjects, CountWhenTheTargetBeganToUnwindByItself) {
  run_.AddUnwindObserver();
  MakeAll(run_);
  run_.evidence.asked_to_stop = false;
  run_.evidence.exit.code = 1;
  run_.scenario.tolerance = Tolerance::kMayFailCleanly;
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "it did not";
  run_.Call("target/unwind", 0);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("leak"), IsKind("leak")));
}

TEST_F(LeakedObjects, AreNoneWhenTheirEndsAreNotSeen) {
  run_.evidence.hooks[4].status = HookReport::Status::kRefused;  // mempool/free
  MakeAll(run_);
  run_.Call("io_device/unregister", 0x10);
  EXPECT_THAT(run_.Judge(), IsEmpty());
  run_.evidence.hooks[4].status = HookReport::Status::kInstalled;
  run_.evidence.lost_records = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakedObjects, AreTheFaultsDoingWhenItFailedTheirEnd) {
  FaultPoint free;
  free.name = "pool/free";
  free.symbols = {"rt_mempool_free"};
  run_.catalogue.points.push_back(free);
  MakeAll(run_);
  run_.Call("io_device/unregister", 0x10);
  run_.Inject("free");
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("leak"))) << "another call failed";
  run_.evidence.injections[0].point = "pool/free";
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakedObjects, OfAKilledTargetAreNobodysFault) {
  MakeAll(run_);
  run_.Die(SIGSEGV);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("crash")));
}

// The device of the pool ends before the call that ends the pool returns.
TEST_F(LeakedObjects, ThatArePartsOfOthersAreToldWithThose) {
  JudgedRun fault_free;
  MakeAll(fault_free);
  fault_free.Call("io_device/unregister", 0x10, "", JournalRecord::kInsideWrap);
  fault_free.Call("mempool/free", 0x20);
  JudgeAgainst(fault_free);
  MakeAll(run_);
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "mempool `pool_4711' is never released by the stop");
  EXPECT_THAT(findings[0].details, Contains("with its parts: io_device `iobuf'"));
}

TEST_F(LeakedObjects, ThatWereMadeInsideOthersAreToldWithThose) {
  JudgedRun fault_free;
  MakeAll(fault_free);
  fault_free.Call("mempool/free", 0x20);
  fault_free.Call("io_device/unregister", 0x10);
  JudgeAgainst(fault_free);
  run_.Call("io_device/register", 0x10, "iobuf", JournalRecord::kInsideWrap);
  run_.Call("mempool/create", 0x20, "pool_1");
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "mempool `pool_1' is never released by the stop");
}

TEST_F(LeakedObjects, OneCauseHasOneSignatureWhateverFailedAndTwoNeverMerge) {
  MakeAll(run_);
  run_.Call("io_device/unregister", 0x10);
  run_.Inject("any");
  const std::string signature = run_.Judge().at(0).signature;
  for (int i = 0; i < 20; ++i) {
    JudgedRun other;
    other.fault_free = &described_;
    other.step = i % 4;
    other.Inject("fault " + std::to_string(i));
    other.Call("io_device/register", 0x1000 + static_cast<uint64_t>(i), "iobuf");
    other.Call("mempool/create", 0x7000 + static_cast<uint64_t>(i), "pool_" + std::to_string(i));
    other.Call("io_device/unregister", 0x1000 + static_cast<uint64_t>(i));
    EXPECT_EQ(other.Judge().at(0).signature, signature);
  }
  JudgedRun device_left;
  device_left.fault_free = &described_;
  MakeAll(device_left);
  device_left.Call("mempool/free", 0x20);
  EXPECT_NE(device_left.Judge().at(0).signature, signature);
}

TEST_F(LeakedObjects, OfAStopAndOfAFailureAreTwoFindings) {
  std::set<std::string> signatures;
  for (const char* action : {"fail", "signal SIGTERM"}) {
    JudgedRun run;
    run.fault_free = &described_;
    MakeAll(run);
    run.Inject("any", action);
    run.Call("io_device/unregister", 0x10);
    ASSERT_THAT(run.Judge(), ElementsAre(IsKind("leak")));
    signatures.insert(run.Judge()[0].signature);
  }
  EXPECT_THAT(signatures, SizeIs(2));
}

}  // namespace
}  // namespace faultline
