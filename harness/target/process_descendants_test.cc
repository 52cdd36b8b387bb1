// No process of a run outlives it, and none stays as a zombie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "harness/target/proc_status.h"
#include "harness/target/testing/victim_run.h"

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Descendants : public ::testing::TestWithParam<bool> {
 protected:
  VictimRun::Options Options() const { return {.trace = GetParam()}; }
};

TEST_P(Descendants, ADaemonInASessionOfItsOwnIsKilledAndNamed) {
  VictimRun run({"daemon", "exit-3"}, Options());
  ASSERT_TRUE(run.WaitForLine("daemon [0-9]+"));
  ASSERT_TRUE(run.WaitForExit());
  const pid_t daemon = run.Number("daemon");
  EXPECT_FALSE(IsGone(daemon));
  EXPECT_THAT(run.process().Finish(0),
              ElementsAre("process " + std::to_string(daemon) + " target_victim"));
  EXPECT_TRUE(IsGone(daemon));
  EXPECT_EQ(run.process().exit_status().code, 3);
}

TEST_P(Descendants, ChildrenEndWithAKilledTarget) {
  VictimRun run({"child", "daemon", "hello", "wait"}, Options());
  ASSERT_TRUE(run.WaitForLine("hello"));
  const pid_t child = run.Number("child");
  const pid_t daemon = run.Number("daemon");
  EXPECT_EQ(run.process().Finish(0).size(), 2U);
  EXPECT_TRUE(IsGone(child));
  EXPECT_TRUE(IsGone(daemon));
  EXPECT_TRUE(IsGone(run.process().pid()));
}

TEST_P(Descendants, ZombiesOfTheTargetAreReaped) {
  VictimRun run({"zombie", "dying-daemon", "exit-3"}, Options());
  ASSERT_TRUE(run.WaitForExit());
  ASSERT_TRUE(run.WaitForLine("dead daemon [0-9]+"));
  EXPECT_THAT(run.process().Finish(0), IsEmpty());
  EXPECT_TRUE(IsGone(run.Number("zombie")));
  EXPECT_TRUE(IsGone(run.Number("daemon")));
}

// Its descriptors are closed, so that its parent knows and ends; only then is its end reported.
TEST(Followed, OneThatIsOnItsWayOutIsNoSuccessor) {
  VictimRun run({"slow-death"}, {.detaches = true});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_FALSE(run.process().followed());
  EXPECT_EQ(run.process().exit_status().code, 0);
}

TEST(Followed, TheEndOfADaemonThatFailsBeforeItsParentsEndIsTheTargets) {
  VictimRun run({"quick-failure"}, {.detaches = true});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_TRUE(run.process().followed());
  EXPECT_EQ(run.process().exit_status().code, 7);
}

TEST(Followed, TheEndOfADaemonThatItsParentWaitsForIsTheParentsToTell) {
  VictimRun run({"awaited-failure"}, {.detaches = true});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_FALSE(run.process().followed());
  EXPECT_EQ(run.process().exit_status().code, 0);
}

TEST_P(Descendants, OneThatEndsWithinTheGraceIsNotLeftBehind) {
  VictimRun run({"child", "wait"}, Options());
  ASSERT_TRUE(run.WaitForLine("child [0-9]+"));
  const pid_t child = run.Number("child");
  run.process().Kill();
  kill(child, SIGTERM);
  EXPECT_THAT(run.process().Finish(10'000), IsEmpty());
  EXPECT_TRUE(IsGone(child));
}

TEST_P(Descendants, EndWithTheObject) {
  pid_t daemon = 0;
  {
    VictimRun run({"daemon", "wait"}, Options());
    ASSERT_TRUE(run.WaitForLine("daemon [0-9]+"));
    daemon = run.Number("daemon");
  }
  EXPECT_TRUE(IsGone(daemon));
}

TEST_P(Descendants, RunsSideBySideDoNotMeet) {
  VictimRun one({"daemon", "hello", "wait"}, Options());
  VictimRun other({"daemon", "hello", "echo"}, Options());
  ASSERT_TRUE(one.WaitForLine("hello"));
  ASSERT_TRUE(other.WaitForLine("hello"));
  EXPECT_EQ(one.process().Finish(0).size(), 1U);
  EXPECT_FALSE(IsGone(other.Number("daemon")));
  ASSERT_TRUE(other.process().Write("still here\n", InMs(10'000)));
  ASSERT_TRUE(other.WaitForExit());
  EXPECT_EQ(other.process().exit_status().kind, ExitStatus::Kind::kExited);
}

INSTANTIATE_TEST_SUITE_P(Traced, Descendants, ::testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Untraced, Descendants, ::testing::Values(false));

// As in an uninterruptible sleep: a tracer that does not let it go holds it at its exit.
class HeldAtExit {
 public:
  explicit HeldAtExit(pid_t target) {
    int ready[2];
    int end[2];
    if (pipe(ready) != 0 || pipe(end) != 0) {
      return;
    }
    tracer_ = fork();
    if (tracer_ == 0) {
      close(end[1]);
      const char answer =
          ptrace(PTRACE_SEIZE, target, nullptr, PTRACE_O_TRACEEXIT) == 0 ? 'y' : 'n';
      char byte = 0;
      if (write(ready[1], &answer, 1) != 1 || read(end[0], &byte, 1) < 0) {
        _exit(1);
      }
      _exit(0);
    }
    char answer = 0;
    works_ = read(ready[0], &answer, 1) == 1 && answer == 'y';
    end_ = end[1];
    close(ready[0]);
    close(ready[1]);
    close(end[0]);
  }
  ~HeldAtExit() {
    close(end_);
    waitpid(tracer_, nullptr, 0);
  }
  bool works() const { return works_; }

 private:
  pid_t tracer_ = -1;
  int end_ = -1;
  bool works_ = false;
};

TEST(Process, ATargetThatSigkillDoesNotEndIsNamedAndLeftAlone) {
  VictimRun run({"hello", "wait"}, {.trace = false});
  ASSERT_TRUE(run.WaitForLine("hello"));
  const pid_t pid = run.process().pid();
  {
    const HeldAtExit held(pid);
    if (!held.works()) {
      GTEST_SKIP() << "ptrace is refused";
    }
    EXPECT_THAT(run.process().Finish(0),
                Contains(AllOf(HasSubstr(std::to_string(pid)), HasSubstr("SIGKILL does not end"))));
    EXPECT_FALSE(run.process().exited());
  }
  waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace faultline
