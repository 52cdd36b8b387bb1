#include "tools/command_line.h"

#include <sstream>
#include <string>

#include "harness/base/console.h"

namespace faultline {
namespace {

constexpr char kDescription[] =
    "Faultline: makes one call fail while a program built on SPDK or DPDK starts, and judges how "
    "it unwinds.";
constexpr char kFooter[] =
    "Exit codes: 0 all as expected, 1 findings, 2 wrong input, 3 the harness or the machine could "
    "not do its work.\n"
    "`faultline COMMAND --help` has the options and examples of a command.";

// "" is mostly a variable of a shell that is not set: --json "$OUT" would write nothing, --program
// would test the profile's own.
void RequireValues(const CLI::App& app, bool arguments_too) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && !arguments_too) {
      continue;
    }
    for (const std::string& value : option->results()) {
      if (value.empty()) {
        throw Failure::BadInput(option->get_name() + ": the value is empty; expected " +
                                option->get_type_name());
      }
    }
  }
}

}  // namespace

CommandLine::CommandLine() : app_(kDescription, "faultline") {
  AddGlobalOptions();
  commands_.push_back(MakeRunCommand());
  commands_.push_back(MakeInitCommand());
  commands_.push_back(MakeListCommand());
  commands_.push_back(MakePointsCommand());
  commands_.push_back(MakeLintCommand());
  commands_.push_back(MakeDoctorCommand());
  commands_.push_back(MakeSweepCommand());
  commands_.push_back(MakeMergeCommand());
  commands_.push_back(MakeReplayCommand());
  commands_.push_back(MakeCompareCommand());
  commands_.push_back(MakeReportCommand());
  commands_.push_back(MakeFindingsCommand());
  commands_.push_back(MakeShowCommand());
  commands_.push_back(MakeExplainCommand());
  commands_.push_back(MakeCompletionCommand());
  commands_.push_back(MakeWordsCommand());
  for (const std::unique_ptr<Command>& command : commands_) {
    declared_.push_back(command->Declare(app_));
  }
}

void CommandLine::AddGlobalOptions() {
  app_.add_option("--data", global_.data,
                  "directory with profiles/, catalogue/, steps/ or baselines/ of your own "
                  "(repeatable, the first that has a name wins; then $FAULTLINE_DATA, a list, "
                  "~/.config/faultline and what came with faultline)")
      ->type_name("DIR")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  app_.add_option("--cache", global_.cache_dir,
                  "where plans and calibrations are kept (default: ~/.cache/faultline)")
      ->type_name("DIR");
  app_.add_flag("--no-color", global_.no_color, "no colours, even on a terminal");
  app_.set_version_flag("--version", std::string("faultline ") + FAULTLINE_VERSION);
  app_.fallthrough();  // global options may also stand behind the sub-command
  app_.require_subcommand(1);
  app_.footer(kFooter);
}

int CommandLine::Run(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    const int code = app_.exit(help_or_version, text, text);
    WriteResult(text.str());
    return code;
  } catch (const CLI::ParseError& error) {
    throw Failure::BadInput(DescribeParseError(app_, error, arguments) + " (see --help)");
  }
  RequireValues(app_, true);
  for (size_t i = 0; i < commands_.size(); ++i) {
    if (declared_[i]->parsed()) {
      RequireValues(*declared_[i], !commands_[i]->TakesEmptyArguments());
      return static_cast<int>(commands_[i]->Run(global_));
    }
  }
  return static_cast<int>(ExitCode::kBadInput);
}

}  // namespace faultline
