#include "harness/target/guardian.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "harness/target/pidfd.h"
#include "harness/target/testing/victim_run.h"

namespace faultline {
namespace {

using ::testing::IsEmpty;

constexpr int kLimitMs = 10'000;

// A miniature harness (testing/harness_driver.cc) with a run in it, itself run by a Process, which
// also shows that a run inside a run is left to its own harness.
class DriverRun {
 public:
  DriverRun(const std::string& trace, const std::vector<std::string>& deeds) {
    leftover_ = outer_.path() / "leftover";
    std::ofstream(leftover_.native() + "_1") << "x";
    SpawnOptions options;
    options.program = FAULTLINE_BINARY_DIR "/target_harness_driver";
    options.args = {FAULTLINE_BINARY_DIR "/target_victim", trace, leftover_.native() + "_*"};
    options.args.insert(options.args.end(), deeds.begin(), deeds.end());
    options.environment = {{"TMPDIR", "/tmp"}};
    options.working_dir = outer_.path();
    options.run_id = NewRunId();
    options.trace = false;  // lest the outer tracer's EXITKILL do the guardian's work
    process_ = std::make_unique<Process>(options);
    log_ = std::make_unique<LogWatch>(process_->output_fd(), process_->start_time());
    loop_.Add(process_->output_fd(), [this] { log_->OnReadable(); });
    loop_.Add(process_->event_fd(), [this] { process_->OnEvent(); });
  }

  bool WaitReady() {
    const LinePattern ready("^ready$");
    return loop_.RunUntil([&] { return log_->Find(ready, 0).has_value(); }, InMs(kLimitMs));
  }

  // The rest of the line that begins with `word`.
  std::string Told(const std::string& word) const {
    for (const LogLine& line : log_->Lines()) {
      if (line.text.starts_with(word + " ")) {
        return line.text.substr(word.size() + 1);
      }
    }
    ADD_FAILURE() << "nothing was told of " << word;
    return "0";
  }

  Process& process() { return *process_; }
  bool LeftoverExists() const { return std::filesystem::exists(leftover_.native() + "_1"); }
  bool WaitExit() {
    return loop_.RunUntil([this] { return process_->exited(); }, InMs(kLimitMs));
  }

 private:
  RunDirectory outer_;
  std::filesystem::path leftover_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<LogWatch> log_;
  EventLoop loop_;
};

// Waits for the end of a process that is somebody else's child.
void WaitGone(const UniqueFd& pidfd) {
  pollfd entry = {.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  const Deadline deadline = InMs(kLimitMs);
  int ready = 0;
  do {
    ready = poll(&entry, 1, PollTimeoutMs(deadline));
  } while (ready < 0 && errno == EINTR);
  EXPECT_EQ(ready, 1);
}

class GuardianOfAKilledHarness : public ::testing::TestWithParam<const char*> {};

TEST_P(GuardianOfAKilledHarness, LeavesNothingOfTheRun) {
  DriverRun driver(GetParam(), {"child", "daemon", "hello", "ignore-term", "wait"});
  ASSERT_TRUE(driver.WaitReady());
  const pid_t target = std::stoi(driver.Told("target"));
  const pid_t child = std::stoi(driver.Told("child"));
  const pid_t daemon = std::stoi(driver.Told("daemon"));
  const UniqueFd guardian(pidfd_open(std::stoi(driver.Told("guardian")), 0));
  const std::string dir = driver.Told("dir");
  ASSERT_TRUE(std::filesystem::exists(dir));
  ASSERT_FALSE(IsGone(target));
  ASSERT_FALSE(IsGone(daemon));

  driver.process().Signal(SIGKILL);
  ASSERT_TRUE(driver.WaitExit());
  WaitGone(guardian);
  EXPECT_FALSE(std::filesystem::exists(dir));
  EXPECT_FALSE(driver.LeftoverExists());
  // What died was adopted by this test as the next subreaper; Finish takes the bodies away.
  EXPECT_THAT(driver.process().Finish(0), IsEmpty());
  EXPECT_TRUE(IsGone(target));
  EXPECT_TRUE(IsGone(child));
  EXPECT_TRUE(IsGone(daemon));
}

INSTANTIATE_TEST_SUITE_P(Modes, GuardianOfAKilledHarness, ::testing::Values("traced", "untraced"));

TEST(GuardianOfAnInterruptedHarness, TheRunIsTakenDownAndTheSignalReported) {
  DriverRun driver("traced", {"daemon", "hello", "wait"});
  ASSERT_TRUE(driver.WaitReady());
  const UniqueFd guardian(pidfd_open(std::stoi(driver.Told("guardian")), 0));
  driver.process().Signal(SIGINT);
  ASSERT_TRUE(driver.WaitExit());
  EXPECT_EQ(driver.process().exit_status().kind, ExitStatus::Kind::kSignaled);
  EXPECT_EQ(driver.process().exit_status().code, SIGINT);
  // The harness itself has taken the run down; only its file patterns are left to the guardian.
  EXPECT_FALSE(std::filesystem::exists(driver.Told("dir")));
  EXPECT_TRUE(IsGone(std::stoi(driver.Told("daemon"))));
  WaitGone(guardian);
}

TEST(GuardianOfAHarnessThatEnds, SaysGoodbyeAndTouchesNothing) {
  DriverRun driver("traced", {"hello", "wait"});
  ASSERT_TRUE(driver.WaitReady());
  const pid_t guardian = std::stoi(driver.Told("guardian"));
  ASSERT_TRUE(driver.process().Write("end\n", InMs(kLimitMs)));
  ASSERT_TRUE(driver.WaitExit());
  EXPECT_EQ(driver.process().exit_status().code, 0);
  EXPECT_TRUE(IsGone(guardian));
  EXPECT_TRUE(driver.LeftoverExists());
  EXPECT_FALSE(std::filesystem::exists(driver.Told("dir")));
}

}  // namespace
}  // namespace faultline
