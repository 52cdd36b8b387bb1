#include "harness/oracle/passed_over.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using testkit::At;
using testkit::JudgedRun;

const Stack kPassedOverPolling = {At("poll_socket", "/src/sock.c"),
                                  At("reactor_run", "/src/reactor.c")};

// ---- What a stop has passed over

// Pools `a', `b', `c' and `d' are made in this order and released the other way round.
class PassedOver : public ::testing::Test {
 protected:
  PassedOver() {
    JudgedRun run = NewRun();
    Make(run, "abcd");
    Release(run, "dcba");
    described_ = DescribeFaultFree(run.evidence, run.catalogue, run.profile);
  }

  static JudgedRun NewRun() {
    JudgedRun run;
    run.AddUnwindObserver();
    for (Observer& observer : run.catalogue.observers) {
      observer.stop_waits = observer.name == "mempool/create";
    }
    return run;
  }
  static uint64_t KeyOf(char name) { return static_cast<uint64_t>(name) * 0x10; }
  static void Make(JudgedRun& run, const std::string& names) {
    for (const char name : names) {
      run.Call("mempool/create", KeyOf(name), std::string(1, name));
    }
  }
  static void Release(JudgedRun& run, const std::string& names) {
    run.Call("target/unwind", 0);
    for (const char name : names) {
      run.Call("mempool/free", KeyOf(name));
    }
  }

  // Of a stop that hangs when it has released `released`.
  std::string Signature(const std::string& made, const std::string& released) {
    JudgedRun run = NewRun();
    run.fault_free = &described_;
    Make(run, made);
    Release(run, released);
    run.HangAtStop(kPassedOverPolling);
    run.Say("init failed");
    const std::vector<Finding> findings = run.Judge();
    return findings.size() == 1 ? findings[0].signature : "";
  }

  FaultFreeRun described_;
};

TEST_F(PassedOver, TellsHangsWithTheSameLastErrorApart) {
  EXPECT_EQ(Signature("abcd", "dca"), "hang: stop; mempool `b' is left");
  EXPECT_EQ(Signature("abcd", "dba"), "hang: stop; mempool `c' is left");
  EXPECT_EQ(Signature("abcd", "cba"), "hang: stop; mempool `d' is left");
  EXPECT_EQ(Signature("abcd", "dcba"), "hang: stop; init failed");
}

TEST_F(PassedOver, IsTheFirstMadeHoweverManyMoreThereAre) {
  EXPECT_EQ(Signature("abcd", "ba"), Signature("abc", "ba"));
  EXPECT_EQ(Signature("abcd", "ba"), "hang: stop; mempool `c' is left");
}

TEST_F(PassedOver, IsNothingThatTheStopHadNotComeTo) {
  for (const char* made : {"a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(Signature(made, ""), "hang: stop; init failed") << made;
  }
  EXPECT_EQ(Signature("abcd", "dc"), "hang: stop; init failed");
  EXPECT_EQ(Signature("abcd", "db"), "hang: stop; init failed") << "threads end as they come to it";
}

TEST_F(PassedOver, IsWhatAStopThatHasReleasedAllElseWaitsFor) {
  EXPECT_EQ(Signature("abcd", "dcb"), "hang: stop; mempool `a' is left");
  EXPECT_EQ(Signature("abc", "cb"), "hang: stop; mempool `a' is left");
}

TEST_F(PassedOver, IsNothingToAHangBeforeTheStop) {
  JudgedRun run = NewRun();
  run.fault_free = &described_;
  run.result(2).status = StepResult::Status::kTimedOut;
  Make(run, "abcd");
  Release(run, "dca");
  run.HangAtStop(kPassedOverPolling);
  EXPECT_EQ(run.Judge().at(0).signature, "hang: answer to framework_start_init");
}

TEST_F(PassedOver, IsNothingThatNoFaultFreeRunReleases) {
  described_.groups.erase(described_.groups.begin() + 1);  // `b'
  EXPECT_EQ(Signature("abcd", "dca"), "hang: stop; init failed");
}

}  // namespace
}  // namespace faultline
