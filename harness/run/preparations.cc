#include "harness/run/preparations.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/run/command.h"

namespace faultline {
namespace {

constexpr int kPrepareLimitMs = 60'000;

}  // namespace

void Prepare(const RunRequest& request, const Sandbox& sandbox, EventLoop& loop) {
  const std::map<std::string, std::string> environment = sandbox.CommandEnvironment();
  for (const CommandStep& command : request.scenario.prepare) {
    std::vector<std::string> argv;
    for (const std::string& argument : command.argv) {
      argv.push_back(ExpandForRun(argument, sandbox.variables()));
    }
    const CommandResult result =
        RunCommand(argv, {environment, sandbox.run_dir(), &sandbox.space()}, kPrepareLimitMs, loop);
    const std::vector<int>& expected = command.expect_exit;
    if (result.exit.kind != ExitStatus::Kind::kExited ||
        std::find(expected.begin(), expected.end(), result.exit.code) == expected.end()) {
      throw Failure::BadInput(
          fmt::format("{}: the preparation `{}` ended with {} where exit {} was expected: {}",
                      request.scenario.file, CommandTitle(argv), result.exit.ToString(),
                      fmt::join(expected, " or "), result.output));
    }
    RefuseLeftRunning(
        result, fmt::format("{}: the preparation `{}`", request.scenario.file, CommandTitle(argv)));
  }
}

}  // namespace faultline
