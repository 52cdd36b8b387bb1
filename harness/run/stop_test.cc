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

// A thread of its own takes the signal by sigwait(): /proc tells it as unblocked while that waits.
TEST_F(StopTest, ATargetThatTakesTheSignalBySigwaitIsAskedAtOnce) {
  profile_.args = {"-c",
                   "import os, signal, threading\n"
                   "stop = {signal.SIGTERM}\n"
                   "signal.pthread_sigmask(signal.SIG_BLOCK, stop)\n"
                   "def wait():\n"
                   "    print('ready', flush=True)\n"
                   "    signal.sigwait(stop)\n"
                   "    print('bye', flush=True)\n"
                   "    os._exit(0)\n"
                   "threading.Thread(target=wait).start()\n"};
  profile_.ready = {ReadyCondition::Kind::kLogLine, "", "^ready"};
  Add(WaitReadyStep{});
  limits_.stop = 30'000;
  const Evidence evidence = Execute("/usr/bin/python3");
  EXPECT_EQ(evidence.exit.kind, Ended::kExited) << evidence.exit.ToString();
  EXPECT_EQ(evidence.log.back().text, "bye");
  EXPECT_LT(evidence.total_ms, limits_.stop) << "the whole limit was waited for";
}

}  // namespace
}  // namespace faultline
