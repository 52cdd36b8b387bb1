// A faultline that is killed or interrupted in the middle of a run.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::IsEmpty;

// A scenario that tells the pid of its running target and then waits for nothing.
class CliEndTest : public CliTest {
 protected:
  CliEndTest() {
    watch_ = UniqueFd(::inotify_init1(IN_CLOEXEC));
    ::inotify_add_watch(watch_.get(), directory_.c_str(), IN_MOVED_TO);
    ::inotify_add_watch(watch_.get(), (directory_ / "tmp").c_str(), IN_DELETE);
    const std::string pid_file = directory_ / "pid";
    scenario_ = Write("waits.yaml",
                      "faultline: 1\n"
                      "summary: runs until somebody ends it\n"
                      "profile: reference\n"
                      "steps:\n"
                      "  - wait_ready\n"
                      "  - run: [sh, -c, 'echo ${pid} > " +
                          pid_file + ".new && mv " + pid_file + ".new " + pid_file +
                          "']\n"
                          "  - wait_exit:\n"
                          "    within: 10m\n");
  }

  // Until something appears in directory_ or vanishes from its tmp.
  void AwaitEvent() {
    alignas(inotify_event) char buffer[4096];
    pollfd event = {watch_.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&event, 1, 60'000), 1) << "nothing happened";
    ASSERT_GT(::read(watch_.get(), buffer, sizeof buffer), 0);
  }
  pid_t TargetPid() {
    AwaitEvent();
    pid_t pid = 0;
    std::ifstream(directory_ / "pid") >> pid;
    return pid;
  }
  static void AwaitEndOf(int pidfd) {
    pollfd event = {pidfd, POLLIN, 0};
    EXPECT_EQ(::poll(&event, 1, 20'000), 1) << "the target is still there";
  }

  UniqueFd watch_;
  std::string scenario_;
};

TEST_F(CliEndTest, KilledInTheMiddleOfARunLeavesNothing) {
  TestProgram program(Faultline({"run", scenario_}), options_);
  const pid_t target = TargetPid();
  ASSERT_GT(target, 0);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, target, 0)));
  ASSERT_TRUE(pidfd);
  ::kill(program.pid(), SIGKILL);
  EXPECT_EQ(program.Wait(), 128 + SIGKILL);
  AwaitEndOf(pidfd.get());
  while (!LeftBehind().empty() && !HasFatalFailure()) {
    AwaitEvent();  // the guardian is at work
  }
}

TEST_F(CliEndTest, InterruptedByTheUserLeavesNothing) {
  TestProgram program(Faultline({"run", scenario_}), options_);
  const pid_t target = TargetPid();
  ASSERT_GT(target, 0);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, target, 0)));
  ASSERT_TRUE(pidfd);
  ::kill(program.pid(), SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  AwaitEndOf(pidfd.get());
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

}  // namespace
}  // namespace faultline
