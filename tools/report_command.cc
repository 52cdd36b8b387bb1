#include <fmt/format.h>

#include <optional>

#include "harness/base/console.h"
#include "harness/report/report_files.h"
#include "harness/report/sweep_digest.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_scenario.h"
#include "harness/store/compare.h"
#include "harness/store/store.h"
#include "tools/command.h"
#include "tools/store_digest.h"
#include "tools/sweep_content.h"

namespace faultline {
namespace {

constexpr char kReportExamples[] =
    "Examples:\n"
    "  faultline report s.db --html report.html\n"
    "  faultline report s.db --html report.html --source ~/spdk --compare before.db\n"
    "  faultline report s.db --report junit=results.xml,sarif=results.sarif,github=-\n"
    "The page is one file and needs no network.";

class ReportCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "report", "Writes what a sweep found: a page to read and to send, files for CI systems.");
    app->add_option("store", store_, "the sweep's store")->required()->type_name("STORE");
    app->add_option("--html", html_, "the page; the same as --report html=FILE")->type_name("FILE");
    DeclareReport(*app, reports_);
    app->add_option("--source", source_,
                    "the target's source tree: the page shows lines of it, other reports have "
                    "files relative to it")
        ->type_name("DIR")
        ->check(CLI::ExistingDirectory);
    app->add_option("--compare", compare_, "the store of an earlier sweep")->type_name("STORE");
    app->add_option("--baseline", baseline_, "findings that are known: a file or a name")
        ->type_name("FILE|NAME");
    app->add_flag("--assumed", assumed_,
                  "findings whose failure nothing was seen to bring about count as failures too");
    app->footer(kReportExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    std::vector<std::string> wanted = reports_;
    if (!html_.empty()) {
      wanted.push_back("html=" + html_);
    }
    if (wanted.empty()) {
      throw Failure::BadInput(
          "report: expected --html FILE or --report FORMAT=FILE,...; `faultline findings` lists "
          "what was found");
    }
    ReportFiles files(wanted, "report", FAULTLINE_VERSION, SourceRoot(source_));
    Store store(store_, Store::Mode::kRead);
    const Baseline baseline = BaselineOf(store, global, baseline_);
    const SweepDigest digest = MakeDigest(store, baseline, assumed_);
    const SweepReport report =
        MakeSweepReport(store, Selection(), baseline, /*complete=*/false, assumed_);
    SweepContentOptions options;
    options.store_file = store_;
    options.replay_options = ReplayOptions(global);
    options.steps = StepTitles(global, digest.environment);
    options.source = source_;
    options.unfinished_text = TellUnfinished(digest);
    options.remaining_text = TellRemaining(digest);
    // And so not green.
    options.unfinished = digest.runs == 0 || !options.unfinished_text.empty();
    std::optional<Comparison> comparison;
    if (!compare_.empty()) {
      Store before(compare_, Store::Mode::kRead);
      comparison = CompareStores(before, store);
      options.compare = &*comparison;
      options.compare_file = compare_;
      for (const std::string& note : CheckComparable(before, store)) {
        PrintMessage("note: {}\n", note);
        options.compare_file += "; " + note;
      }
    }
    files.Finish(ContentOfStore(digest, report, options));
    files.TellPaths();
    return ExitCode::kAsExpected;
  }

 private:
  // Of the scenario that was swept, when it is still there; nothing else depends on it.
  static std::vector<std::string> StepTitles(const GlobalOptions& global,
                                             const StoredEnvironment& environment) {
    try {
      LoadOptions load;
      load.data = FindData(global.data);
      return TitlesOf(LoadScenario(environment.scenario_file, load).scenario);
    } catch (const Failure&) {
      return {};  // then they are told by number
    }
  }

  std::string store_;
  std::string html_;
  std::vector<std::string> reports_;
  std::string source_;
  std::string compare_;
  std::string baseline_;
  bool assumed_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeReportCommand() { return std::make_unique<ReportCommand>(); }

}  // namespace faultline
