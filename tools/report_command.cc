#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <optional>

#include "harness/base/console.h"
#include "harness/base/output_file.h"
#include "harness/report/page_data.h"
#include "harness/report/sweep_digest.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_scenario.h"
#include "harness/store/compare.h"
#include "harness/store/store.h"
#include "tools/command.h"
#include "tools/shell_words.h"

namespace faultline {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  faultline report s.db --html report.html\n"
    "  faultline report s.db --html report.html --source ~/spdk --compare before.db\n"
    "The page is one file and needs no network.";

class ReportCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app =
        parent.add_subcommand("report", "Writes what a sweep found as a page to read and send.");
    app->add_option("store", store_, "the sweep's store")->required()->type_name("STORE");
    app->add_option("--html", html_, "the page")->required()->type_name("FILE");
    app->add_option("--source", source_, "the target's source tree: the page shows lines of it")
        ->type_name("DIR")
        ->check(CLI::ExistingDirectory);
    app->add_option("--compare", compare_, "the store of an earlier sweep")->type_name("STORE");
    app->add_option("--baseline", baseline_, "findings that are known")->type_name("FILE");
    app->footer(kExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    const OutputFile page("--html", html_);
    const Baseline baseline = baseline_.empty() ? Baseline() : LoadBaseline(baseline_);
    Store store(store_, Store::Mode::kRead);
    const SweepDigest digest = MakeDigest(store, baseline);
    PageOptions options;
    options.store_file = store_;
    options.time = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
    if (const std::vector<std::string> words = DataWords(global); !words.empty()) {
      options.replay_options = " " + JoinForShell(words);
    }
    options.steps = StepTitles(global, digest.environment);
    options.source = source_;
    std::optional<Comparison> comparison;
    if (!compare_.empty()) {
      Store before(compare_, Store::Mode::kRead);
      comparison = CompareStores(before, store);
      options.compare = &*comparison;
      options.compare_file = compare_;
    }
    page.Write(PageHtml(PageData(digest, options)));
    PrintMessage("{}\n", html_);
    return ExitCode::kAsExpected;
  }

 private:
  // Of the scenario that was swept, when it is still there; nothing else depends on it.
  static std::vector<std::string> StepTitles(const GlobalOptions& global,
                                             const StoredEnvironment& environment) {
    std::vector<std::string> titles;
    try {
      LoadOptions load;
      load.data = FindData(global.data);
      const LoadedScenario loaded = LoadScenario(environment.scenario_file, load);
      for (const Step& step : loaded.scenario.steps) {
        titles.push_back(step.Title());
      }
    } catch (const Failure&) {
      // Then they are told by number.
    }
    return titles;
  }

  std::string store_;
  std::string html_;
  std::string source_;
  std::string compare_;
  std::string baseline_;
};

}  // namespace

std::unique_ptr<Command> MakeReportCommand() { return std::make_unique<ReportCommand>(); }

}  // namespace faultline
