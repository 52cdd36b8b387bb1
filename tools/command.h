#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/output_file.h"
#include "harness/scenario/data_path.h"
#include "harness/scenario/load_baseline.h"

namespace faultline {

// Options that stand before the sub-command and hold for each.
struct GlobalOptions {
  std::vector<std::string> data;  // --data, as given; see FindData
  std::string cache_dir;          // --cache, as given; see CacheDir
  bool no_color = false;
};

// A sub-command: one file each, from its options to its output. Used once, by main.
class Command {
 public:
  virtual ~Command() = default;
  // Adds itself with options, help and examples to `parent`.
  virtual CLI::App* Declare(CLI::App& parent) = 0;
  // Does the work after parsing; results go to stdout. Throws Failure for what stops it.
  virtual ExitCode Run(const GlobalOptions& global) = 0;
  // Its arguments are another program's, which may be empty.
  virtual bool TakesEmptyArguments() const { return false; }
};

std::unique_ptr<Command> MakeRunCommand();
std::unique_ptr<Command> MakePointsCommand();
std::unique_ptr<Command> MakeLintCommand();
std::unique_ptr<Command> MakeListCommand();
std::unique_ptr<Command> MakeInitCommand();
std::unique_ptr<Command> MakeDoctorCommand();
std::unique_ptr<Command> MakeSweepCommand();
std::unique_ptr<Command> MakeMergeCommand();
std::unique_ptr<Command> MakeReplayCommand();
std::unique_ptr<Command> MakeCompareCommand();
std::unique_ptr<Command> MakeReportCommand();
std::unique_ptr<Command> MakeFindingsCommand();
std::unique_ptr<Command> MakeShowCommand();
std::unique_ptr<Command> MakeExplainCommand();
std::unique_ptr<Command> MakeCompletionCommand();
std::unique_ptr<Command> MakeWordsCommand();

// Where plans, module lists and calibrations are kept between runs: --cache, else
// $XDG_CACHE_HOME/faultline, else ~/.cache/faultline. A directory that --cache names and that
// cannot be made is a Failure (kBadInput); without the option an unusable one means no cache ("").
std::filesystem::path CacheDir(const GlobalOptions& global);

// The scenario that `given` names: that file, or one of that name, with or without ".yaml", below a
// directory of `data` ("dpdk/testpmd-start"). `given` itself when there is neither.
std::filesystem::path FindScenario(const DataPath& data, const std::string& given);

// The baseline that `given` (--baseline) names: that file, or baselines/GIVEN.yaml beside the
// scenario or in `data`. Failure (kBadInput) when there is neither.
Baseline FindBaseline(const DataPath& data, const std::filesystem::path& scenario,
                      const std::string& given);
// The same with the data of `global`, which need not be there for a baseline that is a file.
Baseline FindBaseline(const GlobalOptions& global, const std::filesystem::path& scenario,
                      const std::string& given);

// The options before a sub-command that another command needs to see the same data, to be added to
// the words of a command that is printed.
std::vector<std::string> DataWords(const GlobalOptions& global);

// What starts this program from a shell in any directory: its name when PATH leads to it, else its
// path.
std::string OwnCommand();

// Colours are for terminals that know them ($TERM is not "dumb"), and for nobody who said
// --no-color or set NO_COLOR (no-color.org).
bool UseColor(const GlobalOptions& global);

// The file that `option` names, checked before the work begins; nothing when `path` is "".
std::optional<OutputFile> OptionalOutput(const std::string& option, const std::string& path);

// --report of a command, into `texts`; see ReportFiles.
void DeclareReport(CLI::App& app, std::vector<std::string>& texts);

// The root of the target's source tree for reports: `given`, else what a CI system says that it
// checked out ($GITHUB_WORKSPACE, $CI_PROJECT_DIR), else "".
std::filesystem::path SourceRoot(const std::string& given);

// What CLI11 says about wrong arguments, and the nearest valid word when one is near.
std::string DescribeParseError(const CLI::App& app, const CLI::ParseError& error,
                               const std::vector<std::string>& arguments);

}  // namespace faultline
