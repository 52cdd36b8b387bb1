// What counts as getting on, and what an idle target does as well. The journal is a real one, which
// this test writes in the place of an agent.
#include "harness/run/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "harness/base/unique_fd.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using protocol::JournalHeader;
using protocol::JournalRecord;
using testing::HasSubstr;
using testing::Optional;

// A process that is gone reads and writes nothing.
constexpr pid_t kNoProcess = 0x7fffffff;

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    FaultPoint point;
    point.name = "libc/socket/bind";
    point.symbols = {"bind"};
    point.module = "libc.so";
    point.failure.result = -1;
    catalogue_.points.push_back(point);
    Fault fault;
    fault.id = "bind";
    fault.point = point.name;
    scenario_.faults.push_back(fault);
    std::array<int, 2> ends;
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }

  // Looks for the first time, which only begins.
  ProgressMeter& Begin() {
    request_.emplace(RunRequest{scenario_, profile_, catalogue_});
    request_->program = "/bin/sh";
    request_->faults = scenario_.faults;
    request_->observe = false;
    hooking_.emplace(*request_, directory_.path(), std::map<std::string, std::string>());
    log_.emplace(read_end_.get(), Clock::now());
    MapJournal();
    meter_.emplace(kNoProcess, *log_, *hooking_, *request_);
    meter_->StartCounting();
    meter_->Look();
    return *meter_;
  }
  void MapJournal() {
    const std::filesystem::path file = directory_.path() / "journal";
    const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    base_ = static_cast<char*>(::mmap(nullptr, std::filesystem::file_size(file),
                                      PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
    ASSERT_NE(base_, MAP_FAILED);
    header_ = reinterpret_cast<JournalHeader*>(base_);
  }
  void Hit(uint64_t times) {
    auto* rules = reinterpret_cast<protocol::RuleState*>(base_ + header_->rules_offset);
    rules[0].counted += times;
    rules[0].hits += times;
  }
  void Append(uint16_t kind, uint32_t stack, uint64_t result = 0) {
    auto* records = reinterpret_cast<JournalRecord*>(base_ + header_->records_offset);
    const uint64_t position = header_->records.fetch_add(1);
    records[position].kind = kind;
    records[position].stack = stack;
    records[position].result = result;
    records[position].sequence = position + 1;
  }
  void Say(const std::string& text) {
    EXPECT_EQ(::write(write_end_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    log_->OnReadable();
  }

  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  UniqueFd read_end_;
  UniqueFd write_end_;
  const RunDirectory directory_{""};
  std::optional<RunRequest> request_;
  std::optional<Hooking> hooking_;
  std::optional<LogWatch> log_;
  std::optional<ProgressMeter> meter_;
  char* base_ = nullptr;
  JournalHeader* header_ = nullptr;
};

TEST_F(ProgressTest, ATargetThatDoesNothingDoesNotGetOn) {
  EXPECT_EQ(Begin().Look(), std::nullopt);
}

TEST_F(ProgressTest, CallsThatAreMadeToFailAgainAreProgressHoweverMany) {
  ProgressMeter& meter = Begin();
  for (int i = 1; i <= 1'000; ++i) {
    Hit(1);
    ASSERT_TRUE(meter.Look()) << i;
  }
  ASSERT_TRUE(meter.retry());
  EXPECT_EQ(meter.retry()->point, "libc/socket/bind");
  EXPECT_EQ(meter.retry()->calls, 1'000u);
  EXPECT_EQ(meter.Look(), std::nullopt);
  EXPECT_TRUE(meter.retry()) << "it was what it did last";
}

TEST_F(ProgressTest, CallsOfAFunctionThatWaitsAreWhatAnIdleTargetDoes) {
  catalogue_.points[0].waits = true;
  ProgressMeter& meter = Begin();
  Hit(1'000);
  EXPECT_EQ(meter.Look(), std::nullopt);
  EXPECT_FALSE(meter.retry());
}

TEST_F(ProgressTest, OneEventAgainAndAgainIsAPollersButOthersAreProgress) {
  ProgressMeter& meter = Begin();
  for (int i = 0; i < ProgressMeter::kMostAlike; ++i) {
    Append(JournalRecord::kObserved, /*stack=*/1);
    EXPECT_TRUE(meter.Look()) << i;
  }
  Append(JournalRecord::kObserved, /*stack=*/1);
  EXPECT_EQ(meter.Look(), std::nullopt);
  Append(JournalRecord::kObserved, /*stack=*/2);
  EXPECT_TRUE(meter.Look());
}

// A poller that accepts, of which nobody wants anything.
TEST_F(ProgressTest, AnAcceptWithoutAClientMakesNothing) {
  ProgressMeter& meter = Begin();
  Append(JournalRecord::kObserved, /*stack=*/1, /*result=*/static_cast<uint64_t>(-1));
  EXPECT_EQ(meter.Look(), std::nullopt);
}

TEST_F(ProgressTest, ALineThatDiffersInNumbersAloneIsAPollersAfterAFewTimes) {
  ProgressMeter& meter = Begin();
  for (int i = 0; i < ProgressMeter::kMostAlikeLines; ++i) {
    Say(std::to_string(i) + " queues idle\n");
    EXPECT_THAT(meter.Look(), Optional(HasSubstr("queues idle")));
  }
  Say("17 queues idle\n");
  EXPECT_EQ(meter.Look(), std::nullopt);
  Say("closing\n");
  EXPECT_THAT(meter.Look(), Optional(HasSubstr("it said: closing")));
}

}  // namespace
}  // namespace faultline
