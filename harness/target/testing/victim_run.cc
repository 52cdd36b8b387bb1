#include "harness/target/testing/victim_run.h"

#include <cerrno>
#include <csignal>

namespace faultline {
namespace {

constexpr int kLimitMs = 20'000;

SpawnOptions MakeOptions(const std::vector<std::string>& deeds, const VictimRun::Options& wanted,
                         const RunDirectory& directory) {
  SpawnOptions options;
  options.program = FAULTLINE_BINARY_DIR "/target_victim";
  options.args = deeds;
  options.environment = {{"PATH", "/usr/bin:/bin"}};
  options.working_dir = wanted.working_dir.empty() ? directory.path() : wanted.working_dir;
  options.run_id = NewRunId();
  options.terminal = wanted.terminal;
  options.trace = wanted.trace;
  options.detaches = wanted.detaches;
  options.space = wanted.space;
  return options;
}

}  // namespace

VictimRun::VictimRun(const std::vector<std::string>& deeds, const Options& options)
    : process_(std::make_unique<Process>(MakeOptions(deeds, options, directory_))),
      log_(std::make_unique<LogWatch>(process_->output_fd(), process_->start_time())) {
  loop_.Add(process_->output_fd(), [this] {
    if (!log_->OnReadable()) {
      loop_.Remove(process_->output_fd());
    }
  });
  loop_.Add(process_->event_fd(), [this] { process_->OnEvent(); });
}

VictimRun::~VictimRun() = default;

bool VictimRun::WaitForLine(const std::string& pattern) {
  const LinePattern regex(pattern);
  return loop_.RunUntil([&] { return log_->Find(regex, 0).has_value(); }, InMs(kLimitMs));
}

bool VictimRun::WaitForExit() {
  return loop_.RunUntil([this] { return process_->exited(); }, InMs(kLimitMs));
}

pid_t VictimRun::Number(const std::string& word) const {
  const LinePattern regex("(^|\\W)" + word + " ([0-9]+)");
  for (const LogLine& line : log_->Lines()) {
    if (const auto match = regex.Match(line.text)) {
      return std::stoi((*match)[2]);
    }
  }
  return 0;
}

std::string VictimRun::Output() {
  log_->OnReadable();
  std::string output;
  for (const LogLine& line : log_->Lines()) {
    output += line.text + "\n";
  }
  return output;
}

bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace faultline
