// The command line. This file alone turns a Failure into text and an exit code.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "tools/command.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

constexpr char kFooter[] =
    "Exit codes: 0 all as expected, 1 findings, 2 wrong input, 3 the harness or the machine could "
    "not do its work.\n"
    "`faultline COMMAND --help` has the options and examples of a command.";

void AddGlobalOptions(CLI::App& app, GlobalOptions& global) {
  app.add_option("--data", global.data_dir,
                 "directory with profiles/ and catalogue/ (default: $FAULTLINE_DATA, or the "
                 "scenarios that came with faultline)")
      ->type_name("DIR");
  app.add_option("--cache", global.cache_dir,
                 "where plans and calibrations are kept (default: ~/.cache/faultline)")
      ->type_name("DIR");
  app.add_flag("--no-color", global.no_color, "no colours, even on a terminal");
  app.set_version_flag("--version", std::string("faultline ") + FAULTLINE_VERSION);
  app.fallthrough();  // global options may also stand behind the sub-command
  app.require_subcommand(1);
  app.footer(kFooter);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  CLI::App app(
      "Faultline: makes one call fail while a program built on SPDK or DPDK starts, and "
      "judges how it unwinds.",
      "faultline");
  GlobalOptions global;
  AddGlobalOptions(app, global);
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(MakeRunCommand());
  commands.push_back(MakePointsCommand());
  commands.push_back(MakeLintCommand());
  commands.push_back(MakeDoctorCommand());
  commands.push_back(MakeSweepCommand());
  commands.push_back(MakeMergeCommand());
  commands.push_back(MakeReplayCommand());
  commands.push_back(MakeCompareCommand());
  commands.push_back(MakeReportCommand());
  std::vector<CLI::App*> declared;
  for (const std::unique_ptr<Command>& command : commands) {
    declared.push_back(command->Declare(app));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    throw Failure::BadInput(DescribeParseError(app, error, arguments) + " (see --help)");
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    if (declared[i]->parsed()) {
      return static_cast<int>(commands[i]->Run(global));
    }
  }
  return static_cast<int>(ExitCode::kBadInput);
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline", argc, argv, faultline::Main);
}
