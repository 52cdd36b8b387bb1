// The guard, on a program that takes its arguments from a file, by Process: as every run has it.
#include "harness/target/argument_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "harness/base/failure.h"
#include "harness/target/event_loop.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kEalInit[] = "rte_eal_init";
const char* const kFakeEal = FAULTLINE_BINARY_DIR "/target_fake_eal";

class ArgumentGuardTest : public ::testing::Test {
 protected:
  ArgumentGuardTest() { options_.required_args = {"--no-pci"}; }

  // Starts the program with a file that has these lines.
  void Start(const std::string& lines, const std::string& proof = kEalInit,
             const std::string& program = kFakeEal) {
    std::ofstream(directory_.path() / "arguments") << lines;
    options_.program = program;
    options_.args.insert(options_.args.begin(), directory_.path() / "arguments");
    options_.proof_function = proof;
    options_.environment.merge(OwnEnvironment());
    options_.working_dir = directory_.path();
    options_.run_id = NewRunId();
    process_ = std::make_unique<Process>(options_);
    log_ = std::make_unique<LogWatch>(process_->output_fd(), process_->start_time());
    loop_.Add(process_->event_fd(), [this] { process_->OnEvent(); });
    loop_.Add(process_->stop_fd(), [this] {
      process_->StoppedThreads();
      if (process_->proof_wanted()) {
        ++asked_;
        process_->AnswerProof(answer_);
      }
    });
    loop_.Add(process_->output_fd(), [this] {
      if (!log_->OnReadable()) {
        loop_.Remove(process_->output_fd());
      }
    });
  }
  // Whether the function was begun.
  bool Begins() {
    loop_.RunUntil([this] { return process_->exited() || log_->line_count() > 0; }, InMs(20'000));
    log_->OnReadable();
    return log_->line_count() > 0;
  }

  RunDirectory directory_;
  SpawnOptions options_;
  std::string answer_;
  int asked_ = 0;
  std::unique_ptr<Process> process_;
  std::unique_ptr<LogWatch> log_;
  EventLoop loop_;
};

TEST_F(ArgumentGuardTest, WhatStandsInAFileIsMetAtTheCall) {
  Start("--no-huge\n--no-pci\n");
  EXPECT_TRUE(Begins());
  EXPECT_TRUE(process_->proven());
  EXPECT_EQ(process_->refusal(), "");
}

TEST_F(ArgumentGuardTest, AProgramWithoutTheArgumentDoesNotBegin) {
  Start("--no-huge\n");
  EXPECT_FALSE(Begins());
  EXPECT_FALSE(process_->proven());
  EXPECT_THAT(process_->refusal(), AllOf(HasSubstr("gives rte_eal_init the arguments `--no-huge`"),
                                         HasSubstr("--no-pci is not among them")));
}

// Tempting: the word is there.
TEST_F(ArgumentGuardTest, AWordThatOnlyLooksRightIsNone) {
  for (const char* lines : {"--vdev=net_pcap0 --no-pci\n", "--no-pci=1\n", "--\n--no-pci\n"}) {
    options_.args.clear();
    Start(lines);
    EXPECT_FALSE(Begins()) << lines;
    EXPECT_THAT(process_->refusal(), HasSubstr("--no-pci is not among them")) << lines;
    for (const int fd : {process_->event_fd(), process_->stop_fd(), process_->output_fd()}) {
      loop_.Remove(fd);
    }
    process_.reset();
  }
}

// It stands on the command line, which such a program does not hand on.
TEST_F(ArgumentGuardTest, WhatIsHandedOnCountsAndNotTheCommandLine) {
  options_.args = {"--no-pci"};
  Start("--no-huge\n", "");
  EXPECT_FALSE(Begins());
  EXPECT_THAT(process_->refusal(), HasSubstr("--no-pci is not among them"));
}

TEST_F(ArgumentGuardTest, OptionsThatTakeTheMachinesMemoryAreMetToo) {
  Start("--no-pci\n--legacy-mem\n");
  EXPECT_FALSE(Begins());
  EXPECT_THAT(process_->refusal(), HasSubstr("--legacy-mem would map every free hugepage"));
}

// SPDK gives EAL both.
TEST_F(ArgumentGuardTest, WithoutHugepagesThereIsNothingToTake) {
  Start("--no-pci\n--no-huge\n--legacy-mem\n");
  EXPECT_TRUE(Begins());
}

TEST_F(ArgumentGuardTest, AProgramInWhichTheFunctionIsNotFoundDoesNotBegin) {
  Start("--no-pci\n", kEalInit, std::string(kFakeEal) + "_stripped");
  EXPECT_FALSE(Begins());
  EXPECT_THAT(process_->refusal(), HasSubstr("rte_eal_init is not found in it"));
}

TEST_F(ArgumentGuardTest, AnotherIsAskedWhileTheCallWaits) {
  options_.proof_is_asked = true;
  Start("--no-pci\n");
  EXPECT_TRUE(Begins());
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(process_->proven());
}

TEST_F(ArgumentGuardTest, WhatAnotherRefusesDoesNotBegin) {
  options_.proof_is_asked = true;
  answer_ = "the log says otherwise";
  Start("--no-pci\n");
  EXPECT_FALSE(Begins());
  EXPECT_FALSE(process_->proven());
  EXPECT_EQ(process_->refusal(), answer_);
}

TEST_F(ArgumentGuardTest, NothingIsStartedWherePtraceIsNotToBeHad) {
  options_.trace = false;
  EXPECT_THROW(Start("--no-pci\n"), Failure);
}

// As a daemon does: the breakpoint is in the child's memory as well.
TEST_F(ArgumentGuardTest, AChildIsWatchedAsItsParent) {
  options_.environment["FORK"] = "1";
  Start("--no-huge\n");
  EXPECT_FALSE(Begins());
  EXPECT_THAT(process_->refusal(), HasSubstr("--no-pci is not among them"));
}

// Tempting: it has nothing of DPDK in it, and the library comes when it runs already.
TEST_F(ArgumentGuardTest, ALibraryThatIsOpenedLaterIsWatchedToo) {
  constexpr char kLateEal[] = FAULTLINE_BINARY_DIR "/target_late_eal";
  options_.required_args.clear();
  options_.args = {FAULTLINE_BINARY_DIR "/libtarget_late_eal_library.so"};
  Start("--no-huge\n", "", kLateEal);
  EXPECT_FALSE(Begins());
  EXPECT_THAT(process_->refusal(), AllOf(HasSubstr("gives rte_eal_init the arguments `--no-huge`"),
                                         HasSubstr("--no-pci is not among them")));
}

TEST_F(ArgumentGuardTest, WhatALibraryThatIsOpenedLaterIsGivenProvesIt) {
  options_.required_args = {"--no-pci"};
  options_.args = {FAULTLINE_BINARY_DIR "/libtarget_late_eal_library.so"};
  Start("--no-pci\n", kEalInit, FAULTLINE_BINARY_DIR "/target_late_eal");
  EXPECT_TRUE(Begins());
  EXPECT_TRUE(process_->proven());
}

}  // namespace
}  // namespace faultline
