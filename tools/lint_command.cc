#include <fmt/format.h>

#include <set>

#include "harness/base/console.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/lint.h"
#include "tools/command.h"

namespace faultline {
namespace {

constexpr char kLintExamples[] =
    "Examples:\n"
    "  faultline lint scenarios/reference/founding-case.yaml\n"
    "  faultline lint scenarios            # everything below the directory\n"
    "  faultline lint my.yaml --set pool=32767";

class LintCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "lint",
        "Says everything that is wrong in scenarios, profiles and catalogues; runs nothing.");
    app->add_option("files", files_, "files, or directories with files")
        ->required()
        ->type_name("FILE|DIR");
    app->add_option("--profile", profile_, "profile to check against, instead of the scenario's")
        ->type_name("NAME");
    app->add_option("--set", set_, "value of a variable (repeatable)")->type_name("NAME=VALUE");
    app->footer(kLintExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    LoadOptions options;
    options.data = FindData(global.data);
    options.profile = profile_;
    for (const std::string& text : set_) {
      AddSetOption(text, options.set);
    }
    std::set<std::filesystem::path> seen;
    size_t files = 0;
    size_t mistakes = 0;
    size_t warnings = 0;
    for (const std::string& named : files_) {
      for (const std::filesystem::path& file : Expand(named)) {
        std::error_code error;
        const std::filesystem::path real = std::filesystem::canonical(file, error);
        if (!error && !seen.insert(real).second) {
          continue;  // named twice
        }
        Diagnostics hints;
        const Diagnostics diagnostics = LintFile(file, options, &hints);
        if (!diagnostics.empty()) {
          PrintResult("{}\n", diagnostics.ToString());
        }
        for (const Diagnostic& hint : hints.all()) {
          PrintResult("{}: warning: {}\n", hint.position.ToString(), hint.message);
        }
        ++files;
        warnings += hints.count();
        mistakes += diagnostics.count();
      }
    }
    const std::string beside =
        warnings == 0 ? "" : fmt::format(", {} warning{}", warnings, warnings == 1 ? "" : "s");
    PrintResult("{} file{} checked, {} mistake{}{}\n", files, files == 1 ? "" : "s", mistakes,
                mistakes == 1 ? "" : "s", beside);
    return mistakes == 0 ? ExitCode::kAsExpected : ExitCode::kBadInput;
  }

 private:
  static std::vector<std::filesystem::path> Expand(const std::string& named) {
    std::error_code ignored;
    if (!std::filesystem::exists(named, ignored)) {
      throw Failure::BadInput(named + ": there is no such file or directory");
    }
    if (!std::filesystem::is_directory(named, ignored)) {
      return {named};
    }
    std::vector<std::filesystem::path> files = FindDataFiles(named);
    if (files.empty()) {
      throw Failure::BadInput(named + ": there is no data file (*.yaml) below this directory");
    }
    return files;
  }

  std::vector<std::string> files_;
  std::string profile_;
  std::vector<std::string> set_;
};

}  // namespace

std::unique_ptr<Command> MakeLintCommand() { return std::make_unique<LintCommand>(); }

}  // namespace faultline
