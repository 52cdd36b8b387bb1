#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/target/event_loop.h"
#include "harness/target/process.h"

namespace faultline {

struct CommandResult {
  ExitStatus exit;
  std::string output;  // stdout and stderr, at most the last 4 KiB
  // What it had started and left running, "process PID NAME": all of it has been killed.
  std::vector<std::string> left_running;

  std::vector<std::string> Lines() const;  // of the output, without empty ones
  std::string LastLine() const;            // "" = none
};

// What a scenario's command runs under; borrowed.
struct CommandPlace {
  const std::map<std::string, std::string>& environment;
  const std::filesystem::path& working_dir;
  const RunSpace* space = nullptr;
};

// Runs a scenario's command without a shell and waits for it up to `limit_ms`, then kills it. Time
// without a CPU, its own or that of process `target`, which it may talk to, does not count (see
// Patience). A bare argv[0] is looked up in PATH. `loop` goes on being served meanwhile. Failure
// (kBadInput) when there is no such program.
CommandResult RunCommand(const std::vector<std::string>& argv, const CommandPlace& place,
                         int limit_ms, EventLoop& loop, pid_t target = 0);

// Failure (kBadInput) when the command of `where` ("step 3") has left something running: it would
// have to be ended here, and what the rest of the scenario says about it would mean nothing.
void RefuseLeftRunning(const CommandResult& result, const std::string& where);

// How to start a scenario's command or companion.
SpawnOptions CommandOptions(const std::vector<std::string>& argv, const CommandPlace& place);

}  // namespace faultline
