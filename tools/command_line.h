#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "tools/command.h"

namespace faultline {

// All that `faultline` can be told: the global options and every sub-command. What it declares is
// the one source of --help, the man pages and the completions of shells. Used by one thread.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  const CLI::App& app() const { return app_; }
  // Parses and does the work; the exit code. Failure (kBadInput) for arguments that are wrong, and
  // what the command throws.
  int Run(int argc, char** argv);

 private:
  void AddGlobalOptions();

  CLI::App app_;
  GlobalOptions global_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<CLI::App*> declared_;  // of each command
};

}  // namespace faultline
