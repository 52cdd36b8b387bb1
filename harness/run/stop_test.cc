#include "harness/run/stop.h"

#include <gmock/gmock.h>

#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using Ended = ExitStatus::Kind;

// Whose start nothing tells: it has started when it was started.
class StopTest : public testkit::ScriptTarget {
 protected:
  void Program(const std::string& script) {
    Script(script);
    profile_.ready.kind = ReadyCondition::Kind::kStarted;
    Add(WaitReadyStep{});
  }
};

TEST_F(StopTest, AProgramThatEndsByItselfIsLeftToDoSo) {
  Program("sleep 0.2; exit 0");
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.exit.kind, Ended::kExited) << evidence.exit.ToString();
  EXPECT_EQ(evidence.exit.code, 0);
  EXPECT_FALSE(evidence.asked_to_stop);
}

TEST_F(StopTest, ATargetThatIsStillStartingIsAskedToStopOnceItCanBe) {
  Program("sleep 0.2; " + std::string(testkit::kObedient));
  const Evidence evidence = Execute();
  EXPECT_TRUE(evidence.asked_to_stop);
  EXPECT_EQ(evidence.exit.kind, Ended::kExited) << evidence.exit.ToString();
  EXPECT_EQ(evidence.log.back().text, "bye");
}

// Tempting: to wait for its end for ever, or to call it a hang.
TEST_F(StopTest, ATargetThatNeverHandlesTheSignalDiesOfItWhenItsTimeIsUp) {
  Program("while :; do sleep 0.01; done");
  limits_.stop = 300;
  const Evidence evidence = Execute();
  EXPECT_TRUE(evidence.asked_to_stop);
  EXPECT_EQ(evidence.exit.kind, Ended::kSignaled);
  EXPECT_EQ(evidence.exit.code, SIGTERM);
  EXPECT_GE(evidence.total_ms, 300);
}

}  // namespace
}  // namespace faultline
