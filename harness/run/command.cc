#include "harness/run/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/run/patience.h"
#include "harness/run/program_lookup.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"

namespace faultline {
namespace {

constexpr size_t kMostOutput = 4096;

// What a command leaves may be on its way out.
constexpr int kCommandGraceMs = 300;

void WaitForEnd(const Process& process, int limit_ms, EventLoop& loop, pid_t target) {
  const WaitAccount wait{
      .for_what = "the command to end", .limit_ms = limit_ms, .most_ms = limit_ms};
  Patience patience(process.pid(), wait, {}, target);
  while (!loop.RunUntil([&] { return process.exited(); }, patience.deadline())) {
    if (!patience.Extend()) {
      return;
    }
  }
}

}  // namespace

SpawnOptions CommandOptions(const std::vector<std::string>& argv, const CommandPlace& place) {
  SpawnOptions options;
  options.program = FindInPath(argv.front());
  if (options.program.empty()) {
    throw Failure::BadInput("the scenario's command `" + argv.front() + "` is not in PATH");
  }
  options.args.assign(argv.begin() + 1, argv.end());
  options.environment = place.environment;
  options.working_dir = place.working_dir;
  options.run_id = NewRunId();  // its own, so that its end is not the target's
  options.trace = false;
  options.space = place.space;
  return options;
}

std::vector<std::string> CommandResult::Lines() const {
  std::vector<std::string> lines;
  for (size_t at = 0; at < output.size();) {
    const size_t end = std::min(output.find('\n', at), output.size());
    if (end > at) {
      lines.push_back(output.substr(at, end - at));
    }
    at = end + 1;
  }
  return lines;
}

std::string CommandResult::LastLine() const {
  const std::vector<std::string> lines = Lines();
  return lines.empty() ? "" : lines.back();
}

CommandResult RunCommand(const std::vector<std::string>& argv, const CommandPlace& place,
                         int limit_ms, EventLoop& loop, pid_t target) {
  Process process(CommandOptions(argv, place));
  process.CloseInput();
  LogWatch log(process.output_fd(), process.start_time());
  loop.Add(process.output_fd(), [&] {
    if (!log.OnReadable()) {
      loop.Remove(process.output_fd());
    }
  });
  loop.Add(process.event_fd(), [&] { process.OnEvent(); });
  WaitForEnd(process, limit_ms, loop, target);
  loop.Remove(process.event_fd());
  loop.Remove(process.output_fd());
  const bool in_time = process.exited();

  CommandResult result;
  result.left_running = process.Finish(kCommandGraceMs);
  if (!in_time) {
    result.left_running.clear();  // all of it was killed at its limit, which is what is told
  }
  log.OnReadable();
  result.exit = process.exit_status();
  for (const LogLine& line : log.Lines()) {
    result.output += line.text + "\n";
  }
  if (result.output.size() > kMostOutput) {
    result.output = "..." + result.output.substr(result.output.size() - kMostOutput);
  }
  return result;
}

void RefuseLeftRunning(const CommandResult& result, const std::string& where) {
  if (!result.left_running.empty()) {
    throw Failure::BadInput(
        fmt::format("{}: the command ended and left {} running, which is not kept; what is to live "
                    "as long as the run goes into `companions`",
                    where, fmt::join(result.left_running, ", ")));
  }
}

}  // namespace faultline
