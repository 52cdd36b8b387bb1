#include "harness/target/run_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "harness/target/clock.h"
#include "harness/target/proc_status.h"
#include "harness/target/process.h"

namespace faultline {
namespace {

using ::testing::SizeIs;

// A shell with this run's id that replaces itself by a new one again and again, without an end. It
// has begun with that when this returns.
pid_t StartReplacingItself(const std::string& run_id) {
  const pid_t pid = fork();
  if (pid == 0) {
    setenv(std::string(kRunIdVariable).c_str(), run_id.c_str(), 1);
    execl("/bin/sh", "sh", "-c", "exec sh -c \"$0\" \"$0\"", "exec sh -c \"$0\" \"$0\"", nullptr);
    _exit(127);
  }
  while (ReadEnvironment(pid).find(run_id) == std::string::npos) {
    usleep(1'000);
  }
  return pid;
}

TEST(RunProcesses, OneThatIsReplacingItselfIsFoundToo) {
  constexpr int kRounds = 40;
  constexpr size_t kProcesses = 10;
  for (int round = 0; round < kRounds; ++round) {
    const std::string run_id = NewRunId();
    std::vector<pid_t> started;
    for (size_t i = 0; i < kProcesses; ++i) {
      started.push_back(StartReplacingItself(run_id));
    }
    EXPECT_THAT(KillRunProcesses(run_id, Clock::now(), InMs(10'000)), SizeIs(kProcesses))
        << "round " << round;
    for (const pid_t pid : started) {
      EXPECT_NE(kill(pid, 0), 0) << "round " << round << ": process " << pid << " was not found";
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
}

}  // namespace
}  // namespace faultline
