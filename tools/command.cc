#include "tools/command.h"

#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <system_error>

#include "harness/scenario/data_dir.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

fs::path DefaultCacheDir() {
  const char* xdg = ::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg == '/') {
    return fs::path(xdg) / "faultline";
  }
  const char* home = ::getenv("HOME");
  if (home != nullptr && *home == '/') {
    return fs::path(home) / ".cache" / "faultline";
  }
  return {};
}

bool MakePrivateDirectory(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    fs::create_directories(path, error);
    if (error) {
      return false;
    }
    fs::permissions(path, fs::perms::owner_all, error);
  }
  return ::access(path.c_str(), W_OK | X_OK) == 0;
}

// The sub-command that the arguments reached, or the program itself.
const CLI::App& Reached(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : *commands.front();
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) {  // hidden
      names.push_back(command->get_name());
    }
  }
  return names;
}

// Where a command is expected: the first argument that is neither an option of the program itself
// nor the value of one.
std::optional<std::string> FirstWord(const CLI::App& app,
                                     const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("-")) {
      return arguments[i];
    }
    const CLI::Option* option = app.get_option_no_throw(arguments[i]);
    i += option != nullptr && option->get_items_expected_max() > 0 ? 1 : 0;
  }
  return std::nullopt;
}

// Rather than a name to search for.
bool IsBaselineFile(const std::string& given) {
  std::error_code ignored;
  return IsFilePath(given) || given.find('/') != std::string::npos || fs::exists(given, ignored);
}

}  // namespace

fs::path CacheDir(const GlobalOptions& global) {
  if (!global.cache_dir.empty()) {
    const fs::path path = fs::absolute(global.cache_dir);
    if (!MakePrivateDirectory(path)) {
      throw Failure::BadInput("--cache " + global.cache_dir + ": cannot write there");
    }
    return path;
  }
  const fs::path path = DefaultCacheDir();
  return !path.empty() && MakePrivateDirectory(path) ? path : fs::path();
}

fs::path FindScenario(const DataPath& data, const std::string& given) {
  std::error_code ignored;
  if (fs::exists(given, ignored) || fs::path(given).is_absolute()) {
    return given;
  }
  for (const fs::path& dir : data.dirs()) {
    for (const char* extension : {"", ".yaml"}) {
      const fs::path file = dir / (given + extension);
      if (fs::is_regular_file(file, ignored)) {
        return file;
      }
    }
  }
  return given;
}

Baseline FindBaseline(const DataPath& data, const fs::path& scenario, const std::string& given) {
  fs::path file = given;
  if (!IsBaselineFile(given)) {
    Diagnostics diagnostics;
    const std::optional<fs::path> found =
        data.Beside(scenario).Find(DataKind::kBaseline, given, {}, diagnostics);
    if (!found) {
      throw Failure::BadInput("--baseline: " + diagnostics.ToString());
    }
    file = *found;
  }
  Baseline baseline = LoadBaseline(file);
  baseline.UseFor(scenario);
  return baseline;
}

Baseline FindBaseline(const GlobalOptions& global, const fs::path& scenario,
                      const std::string& given) {
  if (!IsBaselineFile(given)) {
    return FindBaseline(FindData(global.data), scenario, given);
  }
  Baseline baseline = LoadBaseline(given);
  baseline.UseFor(scenario);
  return baseline;
}

std::vector<std::string> DataWords(const GlobalOptions& global) {
  std::vector<std::string> words;
  for (const std::string& dir : global.data) {
    words.insert(words.end(), {"--data", dir});
  }
  return words;
}

std::string OwnCommand() {
  std::error_code error;
  const fs::path own = fs::read_symlink("/proc/self/exe", error);
  const char* path = ::getenv("PATH");
  std::istringstream directories(path == nullptr ? "" : path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    const fs::path found = fs::path(directory) / own.filename();
    if (!directory.empty() && ::access(found.c_str(), X_OK) == 0) {
      return fs::equivalent(found, own, error) ? own.filename() : own;  // the first counts
    }
  }
  return own;
}

bool UseColor(const GlobalOptions& global) {
  const char* no_color = ::getenv("NO_COLOR");
  const char* terminal = ::getenv("TERM");
  return !global.no_color && (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
         *terminal != '\0' && std::string_view(terminal) != "dumb" && ::isatty(STDOUT_FILENO);
}

std::optional<OutputFile> OptionalOutput(const std::string& option, const std::string& path) {
  return path.empty() ? std::nullopt : std::make_optional<OutputFile>(option, path);
}

void DeclareReport(CLI::App& app, std::vector<std::string>& texts) {
  app.add_option("--report", texts,
                 "reports for people and CI systems: html, junit, sarif, markdown, json, github "
                 "(annotations), each with =FILE, or =- for standard output; commas between them")
      ->type_name("FORMAT=FILE,...")
      ->allow_extra_args(false);
}

fs::path SourceRoot(const std::string& given) {
  if (!given.empty()) {
    return given;
  }
  for (const char* name : {"GITHUB_WORKSPACE", "CI_PROJECT_DIR"}) {
    const char* value = ::getenv(name);
    std::error_code error;
    if (value != nullptr && *value != '\0' && fs::is_directory(value, error)) {
      return value;
    }
  }
  return {};
}

std::string DescribeParseError(const CLI::App& app, const CLI::ParseError& error,
                               const std::vector<std::string>& arguments) {
  const CLI::App& reached = Reached(app);
  std::vector<std::string> options = OptionNames(reached);
  const std::vector<std::string> global = OptionNames(app);
  options.insert(options.end(), global.begin(), global.end());
  for (const std::string& argument : arguments) {
    const std::string word = argument.substr(0, argument.find('='));
    if (word.starts_with("--") && word != "--" &&
        std::find(options.begin(), options.end(), word) == options.end()) {
      return "unknown option `" + word + "`" + DidYouMean(word, options);
    }
  }
  if (&reached != &app) {
    return reached.get_name() + ": " + error.what();
  }
  const std::vector<std::string> commands = CommandNames(app);
  const std::string expected = fmt::format("expected {}", fmt::join(commands, ", "));
  const std::optional<std::string> command = FirstWord(app, arguments);
  return command
             ? "unknown command `" + *command + "`: " + expected + DidYouMean(*command, commands)
             : "no command is given: " + expected;
}

}  // namespace faultline
