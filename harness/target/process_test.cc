#include "harness/target/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "harness/base/failure.h"
#include "harness/target/testing/victim_run.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;

TEST(Process, ReportsExitCodeAndMergedOutput) {
  VictimRun run({"hello", "stderr", "exit-3"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kExited);
  EXPECT_EQ(run.process().exit_status().code, 3);
  EXPECT_EQ(run.Output(), "hello\nto stderr\n");
}

TEST(Process, ReportsTheSignalThatEndedIt) {
  VictimRun run({"hello", "wait"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  run.process().Signal(SIGTERM);
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kSignaled);
  EXPECT_EQ(run.process().exit_status().code, SIGTERM);
  EXPECT_FALSE(run.process().crash_stacks().has_value());
}

TEST(Process, KillEndsATargetThatIgnoresSigterm) {
  VictimRun run({"ignore-term", "hello", "spin"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  run.process().Signal(SIGTERM);
  run.process().Kill();
  EXPECT_TRUE(run.process().exited());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kKilledByUs);
}

TEST(Process, KillAfterTheExitDoesNotChangeTheVerdict) {
  VictimRun run({"exit-3"});
  ASSERT_TRUE(run.WaitForExit());
  run.process().Kill();
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kExited);
}

TEST(Process, NamesAProgramThatCannotBeExecuted) {
  const RunDirectory directory;
  const std::filesystem::path script = directory.path() / "script";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  SpawnOptions options;
  options.working_dir = directory.path();
  options.run_id = NewRunId();
  for (const auto& [program, reason] :
       std::map<std::string, std::string>{{"/no/such/program", "No such file"},
                                          {directory.path(), "Permission denied"},
                                          {script, "the file exists"}}) {
    options.program = program;
    try {
      Process process(options);
      ADD_FAILURE() << program << " was started";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      EXPECT_THAT(failure.what(), HasSubstr("cannot execute " + program));
      EXPECT_THAT(failure.what(), HasSubstr(reason));
    }
  }
}

TEST(Process, NamesAWorkingDirectoryThatIsMissing) {
  SpawnOptions options;
  options.program = "/bin/true";
  options.working_dir = "/no/such/directory";
  options.run_id = NewRunId();
  try {
    Process process(options);
    ADD_FAILURE() << "it was started";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("/no/such/directory"));
  }
}

TEST(Process, GivesTheTargetCleanSurroundings) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t mask;
  sigset_t old;
  sigemptyset(&mask);
  sigaddset(&mask, SIGINT);
  sigprocmask(SIG_BLOCK, &mask, &old);
  VictimRun run({"surroundings"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.Output(),
            "fds=3 tty=0 session=1 blocked=0 sigpipe_default=1 core=1 umask=077 cwd=" +
                run.directory().path().native() + "\n");
  sigprocmask(SIG_SETMASK, &old, nullptr);
}

TEST(Process, GivesATerminalWhenAsked) {
  VictimRun run({"surroundings", "echo"}, {.terminal = true});
  ASSERT_TRUE(run.WaitForLine("tty=1"));
  EXPECT_TRUE(run.process().Write("by terminal\n", InMs(10'000)));
  ASSERT_TRUE(run.WaitForExit());
  // Neither echoed nor with "\r\n".
  EXPECT_THAT(run.Output(), HasSubstr("\nheard <by terminal>\n"));
  EXPECT_THAT(run.Output(), HasSubstr("fds=3 "));
}

TEST(Process, WritesToStdinAndClosesIt) {
  VictimRun run({"echo", "echo"});
  EXPECT_TRUE(run.process().Write("one\n", InMs(10'000)));
  ASSERT_TRUE(run.WaitForLine("heard <one>"));
  run.process().CloseInput();
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.Output(), "heard <one>\nheard <>\n");
}

TEST(Process, WriteToADeadTargetFailsQuietly) {
  VictimRun run({"exit-3"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_FALSE(run.process().Write("anybody?\n", InMs(10'000)));
}

TEST(Process, WriteGivesUpAtItsDeadlineWhenNobodyReads) {
  VictimRun run({"wait"});
  EXPECT_FALSE(run.process().Write(std::string(1 << 20, 'x'), InMs(20)));
}

TEST(Process, PassesTheRunIdAndOnlyTheGivenEnvironment) {
  const RunDirectory directory;
  SpawnOptions options;
  options.program = "/usr/bin/env";
  options.environment = {
      {"A", "b=c"}, {"LD_PRELOAD", ""}, {std::string(kRunIdVariable), "another"}};
  options.working_dir = directory.path();
  options.run_id = "0123";
  Process process(options);
  LogWatch log(process.output_fd(), process.start_time());
  EventLoop loop;
  loop.Add(process.output_fd(), [&log] { log.OnReadable(); });
  ASSERT_TRUE(loop.RunUntil([&log] { return log.at_end(); }, InMs(20'000)));
  ASSERT_EQ(log.Lines().size(), 3U);
  EXPECT_EQ(log.Lines()[0].text, "A=b=c");
  EXPECT_EQ(log.Lines()[1].text, "FAULTLINE_RUN_ID=0123");
  EXPECT_EQ(log.Lines()[2].text, "LD_PRELOAD=") << "last: sanitizers read no further";
}

TEST(Process, StartsNothingUnsafe) {
  SpawnOptions options;
  options.program = "/bin/true";
  options.args = {"--legacy-mem"};
  options.working_dir = "/";
  EXPECT_THROW(Process{options}, Failure);
}

// In a process group of its own that meets a Ctrl-C all the time: 0 when each target began and said
// hello.
int StartTargetsInItsGroup() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, nullptr);  // as a harness that waits for it by a signalfd
  setpgid(0, 0);                                // from here on it is met
  for (int times = 0; times < 20; ++times) {
    VictimRun run({"hello", "wait"});
    if (!run.WaitForLine("hello")) {
      return 1;
    }
  }
  return 0;
}

TEST(Process, ACtrlCForTheHarnessDoesNotMeetATargetThatIsBeingStarted) {
  const pid_t harness = fork();
  if (harness == 0) {
    alarm(60);  // one that waits for good dies of it
    _exit(StartTargetsInItsGroup());
  }
  int status = 0;
  while (waitpid(harness, &status, WNOHANG) == 0) {
    kill(-harness, SIGINT);
    usleep(50);
  }
  EXPECT_EQ(status, 0);
}

TEST(Process, AStoppedTargetGoesOnAtSigcont) {
  VictimRun run({"hello", "stop", "exit-3"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  // The stop may come a little later than the line; a SIGCONT that comes too early is lost.
  const pid_t pid = run.process().pid();
  EventLoop loop;
  while (!run.process().exited()) {
    run.process().Signal(SIGCONT);
    loop.RunUntil(
        [&run] {
          run.process().OnEvent();
          return run.process().exited();
        },
        InMs(5));
  }
  EXPECT_EQ(run.process().exit_status().code, 3);
  EXPECT_TRUE(IsGone(pid));
}

TEST(Process, TracesThroughAnExec) {
  VictimRun run({"thread", "exec"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.Output(), "hello\n");
  EXPECT_EQ(run.process().exit_status().code, 0);
}

}  // namespace
}  // namespace faultline
