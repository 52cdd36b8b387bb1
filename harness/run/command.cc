#include "harness/run/command.h"

#include "harness/base/failure.h"
#include "harness/run/program_lookup.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"

namespace faultline {
namespace {

constexpr size_t kMostOutput = 4096;

SpawnOptions OptionsFor(const std::vector<std::string>& argv,
                        const std::map<std::string, std::string>& environment,
                        const std::filesystem::path& working_dir) {
  SpawnOptions options;
  options.program = FindInPath(argv.front());
  if (options.program.empty()) {
    throw Failure::BadInput("the scenario's command `" + argv.front() + "` is not in PATH");
  }
  options.args.assign(argv.begin() + 1, argv.end());
  options.environment = environment;
  options.working_dir = working_dir;
  options.run_id = NewRunId();  // its own, so that its end is not the target's
  options.trace = false;
  return options;
}

}  // namespace

CommandResult RunCommand(const std::vector<std::string>& argv,
                         const std::map<std::string, std::string>& environment,
                         const std::filesystem::path& working_dir, int limit_ms, EventLoop& loop) {
  Process process(OptionsFor(argv, environment, working_dir));
  process.CloseInput();
  LogWatch log(process.output_fd(), process.start_time());
  loop.Add(process.output_fd(), [&] {
    if (!log.OnReadable()) {
      loop.Remove(process.output_fd());
    }
  });
  loop.Add(process.event_fd(), [&] { process.OnEvent(); });
  loop.RunUntil([&] { return process.exited(); }, InMs(limit_ms));
  loop.Remove(process.event_fd());
  loop.Remove(process.output_fd());
  process.Finish(0);
  log.OnReadable();

  CommandResult result;
  result.exit = process.exit_status();
  for (const LogLine& line : log.Lines()) {
    result.output += line.text + "\n";
  }
  if (result.output.size() > kMostOutput) {
    result.output = "..." + result.output.substr(result.output.size() - kMostOutput);
  }
  return result;
}

}  // namespace faultline
