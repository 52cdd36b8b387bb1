#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/target/event_loop.h"

namespace faultline {

struct CommandResult {
  ExitStatus exit;
  std::string output;  // stdout and stderr, at most the last 4 KiB
};

// Runs a scenario's command without a shell in `working_dir` and waits for it up to `limit_ms`,
// then kills it. A bare argv[0] is looked up in PATH. What it leaves running is ended. `loop` goes
// on being served meanwhile. Failure (kBadInput) when there is no such program.
CommandResult RunCommand(const std::vector<std::string>& argv,
                         const std::map<std::string, std::string>& environment,
                         const std::filesystem::path& working_dir, int limit_ms, EventLoop& loop);

}  // namespace faultline
