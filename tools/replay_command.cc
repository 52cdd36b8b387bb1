#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/console.h"
#include "harness/base/files.h"
#include "harness/base/shell_words.h"
#include "harness/report/run_report.h"
#include "harness/report/terminal.h"
#include "harness/run/module_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/check_commands.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/replaceable.h"
#include "harness/store/status.h"
#include "harness/store/store.h"
#include "harness/sweep/relocate.h"
#include "harness/sweep/same_cause.h"
#include "harness/target/interruption.h"
#include "harness/target/run_dir.h"
#include "tools/command.h"
#include "tools/store_digest.h"

namespace faultline {
namespace {

constexpr char kReplayExamples[] =
    "Examples:\n"
    "  faultline replay s.db 1f2e3d4c\n"
    "  faultline replay s.db 1f2e3d4c --gdb            # stopped at the injected call\n"
    "  faultline replay s.db 1f2e3d4c --write bug.yaml # the scenario file; runs nothing\n"
    "A few digits of the finding are enough. One that did not come again each time in the sweep is "
    "tried up to three times.";

class ReplayCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "replay", "Shows a finding of a sweep again, by its minimised scenario.");
    app->add_option("store", store_, "the sweep's store")->required()->type_name("STORE");
    app->add_option("finding", finding_, "its id, as the sweep's summary has it")
        ->required()
        ->type_name("FINDING");
    app->add_option("--program", program_, "the program, instead of the swept one")
        ->type_name("PATH");
    app->add_option("--write", write_, "only write the scenario file")->type_name("FILE");
    app->add_flag("--gdb", gdb_, "under gdb, stopped at the injected call; no timeouts");
    app->add_flag("-v,--verbose", verbose_, "tell everything: steps, log, stacks of all threads");
    app->footer(kReplayExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    RequireReplaceable("--write", write_, DataKind::kScenario);
    const std::optional<OutputFile> output = OptionalOutput("--write", write_);
    const auto [group, environment] = Find();
    if (group.scenario.empty()) {
      throw Failure::BadInput("finding " + group.id +
                              " has no scenario yet: let the sweep go on to its end first");
    }
    if (output) {
      output->Write(group.scenario);
      PrintMessage("{}\n", write_);
      return ExitCode::kAsExpected;
    }
    Interruption interruption;
    const RunDirectory directory;
    const std::filesystem::path file = directory.path() / ("finding-" + group.id + ".yaml");
    WriteFileAtomically(file, group.scenario);
    LoadOptions load;
    load.data = FindData(global.data);
    if (!environment.scenario_file.empty()) {
      load.data = load.data.Beside(environment.scenario_file);  // where the swept one found its own
    }
    const LoadedScenario loaded = LoadScenario(file, load);
    RequireCommands(loaded);
    ColdExecutor executor(&interruption);
    const ScenarioOptions options = Options(global, loaded, environment);
    // What came each time is looked at once, what did not until it comes.
    const int most = StatusOf(group) == FindingStatus::kConfirmed || gdb_ ? 1 : kConfirmationRuns;
    const std::vector<SitePlace> places = PlacesFromJson(group.places);
    AnyBuildResult run = RunInAnyBuild(loaded, options, places, executor);
    int runs = 1;
    for (; runs < most && MayComeYet(run, group); ++runs) {
      run = RunInAnyBuild(loaded, options, places, executor);
    }
    PrintResult("{}", TellMoved(run));
    if (!run.lost.empty()) {
      throw Failure::CannotWork(
          fmt::format("finding {} cannot be tried: {} cannot be found in this build", group.id,
                      run.lost.front()));
    }
    Tell(global, group, run.result, runs);
    return run.result.findings.empty() ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

 private:
  // A finding that is proven from below comes by another failure than it was found by.
  // Under gdb no stacks are taken, which are a part of signatures: there its kind must do.
  bool Shows(const ScenarioResult& result, const FindingGroup& group) const {
    return std::any_of(result.findings.begin(), result.findings.end(), [&](const Finding& finding) {
      return IsSameCause(finding.signature, group.signature) ||
             (gdb_ && group.signature.starts_with(finding.kind + ":"));
    });
  }

  bool MayComeYet(const AnyBuildResult& run, const FindingGroup& group) const {
    return !Shows(run.result, group) && !run.result.broken_without_faults && run.lost.empty();
  }

  // The store is closed again before anything runs: a sweep may go on meanwhile.
  std::pair<FindingGroup, StoredEnvironment> Find() const {
    Store store(store_, Store::Mode::kRead);
    FindingGroup group = store.FindFinding(finding_);
    const std::vector<StoredEnvironment> environments = store.Environments();
    return {std::move(group), environments.empty() ? StoredEnvironment() : environments.front()};
  }

  ScenarioOptions Options(const GlobalOptions& global, const LoadedScenario& loaded,
                          const StoredEnvironment& environment) const {
    const std::filesystem::path own_directory = OwnDirectory();
    ScenarioOptions options;
    options.program = RequireProgram(
        loaded.profile, program_.empty() ? environment.program : program_, own_directory);
    if (ProgramKey(options.program) != environment.program_key) {
      PrintMessage(
          "faultline: {} is not the build that was swept; calls are found by their callers\n",
          options.program.string());
    }
    options.agent = RequireAgent(own_directory);
    options.cache_dir = CacheDir(global);
    options.in_debugger = gdb_;
    return options;
  }

  // `result` is the last of `runs` runs.
  void Tell(const GlobalOptions& global, const FindingGroup& group, const ScenarioResult& result,
            int runs) const {
    std::vector<std::string> words = {"faultline", "replay", store_, finding_};
    if (!program_.empty()) {
      words.insert(words.end(), {"--program", program_});
    }
    for (const std::string& word : DataWords(global)) {
      words.push_back(word);
    }
    const std::string again = JoinForShell(words);
    const RunReport report{.evidence = result.evidence,
                           .findings = result.findings,
                           .not_seen = result.not_seen,
                           .broken_without_faults = result.broken_without_faults,
                           .replay_command = again,
                           .gdb_command = again + " --gdb",
                           .gave_up = result.gave_up};
    const TerminalOptions terminal = StdoutOptions(global);
    if (!Shows(result, group) && !result.broken_without_faults) {
      PrintResult("finding {} did not come again (0 of {}): {}\n  in the sweep: {}\n", group.id,
                  runs, group.title, StatusText(group));
      if (result.findings.empty() && !verbose_) {
        return;  // a verdict of this run would be read as one about the finding
      }
    }
    PrintResult("{}", verbose_ ? TellRunInFull(report, terminal) : TellRun(report, terminal));
  }

  std::string store_;
  std::string finding_;
  std::string program_;
  std::string write_;
  bool gdb_ = false;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeReplayCommand() { return std::make_unique<ReplayCommand>(); }

}  // namespace faultline
