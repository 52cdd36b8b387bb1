#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "harness/base/console.h"
#include "harness/base/terminal.h"
#include "harness/report/report_files.h"
#include "harness/report/wrap.h"
#include "harness/run/cpus.h"
#include "harness/run/snapshot_executor.h"
#include "harness/scenario/check_commands.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/replaceable.h"
#include "harness/sweep/baseline_writer.h"
#include "harness/sweep/sweep.h"
#include "harness/target/interruption.h"
#include "harness/target/run_dir.h"
#include "tools/command.h"
#include "tools/dry_run.h"
#include "tools/store_digest.h"
#include "tools/sweep_content.h"
#include "tools/sweep_json.h"
#include "tools/sweep_progress.h"
#include "tools/sweep_report.h"
#include "tools/sweep_settings.h"
#include "tools/sweep_summary.h"

namespace faultline {
namespace {

constexpr char kSweepExamples[] =
    "Examples:\n"
    "  faultline sweep scenarios/dpdk/testpmd-start.yaml --jobs 2 --store s.db\n"
    "  faultline sweep scenarios/spdk/start.yaml --program build/bin/spdk_tgt --groups dpdk "
    "--groups spdk --store s.db\n"
    "  faultline sweep my.yaml --store s.db --source ~/spdk --changed-since HEAD~1 --budget 60s\n"
    "  faultline sweep my.yaml --store part2.db --shard 2/4   # then: faultline merge s.db "
    "part*.db\n"
    "Rerun the same command to resume a sweep, however it was stopped. Without --points, --groups: "
    "all points of the profile but libc's malloc family (--points '*' takes these too).";

class SweepCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "sweep", "Visits every place that can fail in a scenario, once; groups what breaks.");
    settings_.Declare(*app);
    app->footer(kSweepExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    if (settings_.dry_run && !(settings_.reports.empty() && settings_.write_baseline.empty())) {
      throw Failure::BadInput(
          "--dry-run finds nothing: --report and --write-baseline cannot be given with it");
    }
    settings_.json.Check();
    ReportFiles reports(settings_.reports, "sweep of " + settings_.file, FAULTLINE_VERSION,
                        SourceRoot(settings_.source));
    if (settings_.store.empty() && !settings_.dry_run) {
      throw Failure::BadInput("sweep: --store is required (see --help)");
    }
    if (settings_.json.takes_stdout() && reports.takes_stdout()) {
      throw Failure::BadInput("--json and --report: both go to standard output");
    }
    RequireDifferentOutputs(reports);
    return reports.Guard([&] { return SweepAndTell(global, reports); });
  }

 private:
  void RequireDifferentOutputs(const ReportFiles& reports) const {
    const std::string& json = settings_.json.path();
    std::vector<NamedOutput> outputs = {{"--store", settings_.store},
                                        {"--json", settings_.json.takes_stdout() ? "" : json},
                                        {"--write-baseline", settings_.write_baseline}};
    for (NamedOutput& report : reports.files()) {
      outputs.push_back(std::move(report));
    }
    RequireDifferentFiles(outputs);
  }

  ExitCode SweepAndTell(const GlobalOptions& global, ReportFiles& reports) {
    RequireReplaceable("--write-baseline", settings_.write_baseline, DataKind::kBaseline);
    const std::optional<OutputFile> new_baseline =
        OptionalOutput("--write-baseline", settings_.write_baseline);
    const LoadOptions load = settings_.Load(global);
    const std::filesystem::path file = FindScenario(load.data, settings_.file);
    const Baseline baseline =
        settings_.baseline.empty() ? Baseline() : FindBaseline(load.data, file, settings_.baseline);
    const LoadedScenario loaded = LoadScenario(file, load);
    RequireCommands(loaded);
    settings_.ApplyDefinition(loaded);
    const std::optional<ChangedLines> changed = settings_.Changed();
    SweepOptions options = settings_.Options(global, loaded);
    options.selection.changed = changed ? &*changed : nullptr;
    options.selection.beside_changes = changed && options.budget.is_limited();
    // From here on Ctrl-C ends the runs and cleans up.
    Interruption interruption("\n" + WhatInterruptionMeans());
    if (settings_.dry_run) {
      return DryRun(loaded, options, interruption);
    }
    Store store(settings_.store, Store::Mode::kCreate);
    SayWhatIsShared(options.jobs);
    SnapshotPool snapshots(&interruption);
    options.snapshots = settings_.executor == "cold" ? nullptr : &snapshots;
    options.choose_executor = settings_.executor == "auto";
    reports.Begin("sweep of " + loaded.scenario.name,
                  {{"faultline_sweep", 2}, {"state", "unfinished"}});
    ProgressLine progress(stderr, options.jobs);
    progress.SetBudget(options.budget);
    progress.Resume(store.Runs(), store.Findings());
    store.SetLastSweep({});
    const SweepResult result =
        RunSweep(loaded, options, store, Executors(options, snapshots, interruption), progress);
    store.SetLastSweep(StateOf(result));
    progress.Clear();
    const std::string looked_at = settings_.LookedAt(options.selection);
    const SweepReport report = ReportOf(store, options, baseline, looked_at, result);
    Tell(global, report, result, reports);
    if (!reports.empty()) {
      const SweepDigest digest = MakeDigest(store, baseline, settings_.assumed);
      reports.Finish(ContentOf(digest, report, result, PageOf(global, loaded, result)));
    }
    if (result.interrupted) {
      // While signals are held: timeout(1) sends one to the process and one to its group, and the
      // second would end it before what was told is written.
      FinishConsole();
      throw Interrupted(*result.interrupted);
    }
    if (new_baseline) {
      new_baseline->Write(WriteBaseline(store.Findings(), baseline, loaded.scenario.name, looked_at,
                                        settings_.assumed, SchemaFrom(settings_.write_baseline)));
    }
    return Verdict(report, result);
  }

  static SweepState StateOf(const SweepResult& result) {
    return {.ended = !result.interrupted,
            .plans = static_cast<int64_t>(result.plans),
            .remaining = static_cast<int64_t>(result.remaining)};
  }

  // Where an editor finds the schema of a baseline at `file`: among data it lies beside the
  // directory. "" elsewhere.
  static std::string SchemaFrom(const std::string& file) {
    const std::string schema = "../schema/baseline.schema.json";
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::absolute(file).parent_path() / schema, ignored)
               ? schema
               : "";
  }

  std::string WhatInterruptionMeans() const {
    return Wrapped(fmt::format("faultline: interrupted: what was found so far is kept in {}; "
                               "ending what runs now. Rerun the same command to resume; a "
                               "second Ctrl-C stops at once.",
                               settings_.store),
                   ProseWidth(STDERR_FILENO));
  }

  SweepReport ReportOf(Store& store, const SweepOptions& options, const Baseline& baseline,
                       const std::string& looked_at, const SweepResult& result) const {
    const bool complete =
        result.remaining == 0 && !result.interrupted && options.shard.is_whole() &&
        looked_at == (baseline.selection.empty() ? kWholeSweep : baseline.selection);
    return MakeSweepReport(store, options.selection, baseline, complete, settings_.assumed,
                           result.impossible);
  }

  void Tell(const GlobalOptions& global, const SweepReport& report, const SweepResult& result,
            const ReportFiles& reports) const {
    const std::string summary = TellSweep(report, result, settings_.store, StdoutWidth(),
                                          ProseWidth(STDOUT_FILENO), DataWords(global));
    reports.takes_stdout() ? WriteMessage(summary) : settings_.json.Tell(summary);
    settings_.json.Write(SweepToJson(report, result));
  }

  SweepContentOptions PageOf(const GlobalOptions& global, const LoadedScenario& loaded,
                             const SweepResult& result) const {
    return {.store_file = settings_.store,
            .replay_options = ReplayOptions(global),
            .source = settings_.source,
            .steps = TitlesOf(loaded.scenario),
            .unfinished = result.interrupted.has_value(),
            .compare = nullptr,
            .compare_file = {}};
  }

  static ExecutorFactory Executors(const SweepOptions& options, SnapshotPool& snapshots,
                                   Interruption& interruption) {
    return [&]() -> std::unique_ptr<Executor> {
      if (options.snapshots != nullptr) {
        return std::make_unique<SnapshotExecutor>(snapshots, &interruption);
      }
      return std::make_unique<ColdExecutor>(&interruption);
    };
  }

  // In a copy of the store: the census it may need is not kept.
  ExitCode DryRun(const LoadedScenario& loaded, SweepOptions& options,
                  Interruption& interruption) const {
    const RunDirectory directory;
    const std::filesystem::path copy = directory.path() / "dry-run.db";
    std::error_code none;
    if (std::filesystem::exists(settings_.store, none) &&
        (!std::filesystem::is_regular_file(settings_.store, none) ||
         std::filesystem::file_size(settings_.store, none) > 0)) {
      const Store given(settings_.store, Store::Mode::kRead);  // what is wrong is said of it
    }
    for (const char* suffix : {"", "-wal"}) {
      std::error_code error;
      if (!settings_.store.empty()) {
        std::filesystem::copy_file(settings_.store + suffix, copy.string() + suffix, error);
      }
      if (error && error != std::errc::no_such_file_or_directory) {
        throw Failure::CannotWork(settings_.store + suffix + ": " + error.message());
      }
    }
    Store store(copy, Store::Mode::kCreate);
    options.dry_run = true;
    ProgressLine progress(stderr, options.jobs);
    const SweepResult result = RunSweep(
        loaded, options, store,
        [&interruption] { return std::make_unique<ColdExecutor>(&interruption); }, progress);
    progress.Clear();
    if (result.interrupted) {
      throw Interrupted(*result.interrupted);
    }
    settings_.json.Tell(TellDryRun(result, store.Runs(), options.jobs, StdoutWidth()));
    nlohmann::json document = DryRunToJson(result, store.Runs(), store.Sites(), options.jobs);
    document["scenario"] = loaded.scenario.name;
    document["program"] = options.program.string();
    settings_.json.Write(document);
    return result.fault_free_findings.empty() ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

  // Runs of other commands slow these down: hangs need longer to be judged.
  static void SayWhatIsShared(int jobs) {
    const ClaimedCpus use = CountClaimedCpus();
    if (use.claimed > 0 && use.claimed + jobs > use.usable) {
      WriteMessage(Wrapped(
          fmt::format("{} of {} CPUs are taken by runs of another Faultline: runs share them, and "
                      "take longer",
                      use.claimed, use.usable),
          ProseWidth(STDERR_FILENO)));
    }
  }

  static ExitCode Verdict(const SweepReport& report, const SweepResult& result) {
    if (report.has_new() || !result.fault_free_findings.empty()) {
      return ExitCode::kFindings;
    }
    const bool has_none = result.plans > 0 && result.outcomes.empty();  // it did nothing
    const bool is_open = has_none || !result.no_verdicts.empty() || report.untried() > 0;
    return is_open ? ExitCode::kCannotWork : ExitCode::kAsExpected;
  }

  SweepSettings settings_;
};

}  // namespace

std::unique_ptr<Command> MakeSweepCommand() { return std::make_unique<SweepCommand>(); }

}  // namespace faultline
