#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <random>
#include <thread>

#include "harness/base/console.h"
#include "harness/base/terminal.h"
#include "harness/report/report_files.h"
#include "harness/report/wrap.h"
#include "harness/run/cpus.h"
#include "harness/run/executed_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/run/snapshot_executor.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/nearest_word.h"
#include "harness/sweep/baseline_writer.h"
#include "harness/sweep/sweep.h"
#include "harness/target/interruption.h"
#include "harness/target/run_dir.h"
#include "tools/command.h"
#include "tools/dry_run.h"
#include "tools/json_output.h"
#include "tools/store_digest.h"
#include "tools/sweep_content.h"
#include "tools/sweep_progress.h"
#include "tools/sweep_report.h"

namespace faultline {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  faultline sweep scenarios/dpdk/testpmd-start.yaml --jobs 2 --store s.db\n"
    "  faultline sweep scenarios/spdk/start.yaml --program build/bin/spdk_tgt --groups dpdk "
    "--groups spdk --store s.db\n"
    "  faultline sweep my.yaml --store s.db --source ~/spdk --changed-since HEAD~1 --budget 60s\n"
    "  faultline sweep my.yaml --store part2.db --shard 2/4   # then: faultline merge s.db "
    "part*.db\n"
    "Rerun the same command to resume a sweep, however it was stopped. Without --points, --groups: "
    "all points of the profile but libc's malloc family (--points '*' takes these too).";

// What a sweep without any selection looks at.
constexpr char kEverything[] = "all";

int DefaultJobs() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

class SweepCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "sweep", "Visits every place that can fail in a scenario, once; groups what breaks.");
    app->add_option("scenario", file_, "the scenario")->required()->type_name("FILE");
    app->add_option("--store", store_, "where results are kept; made when it is not there")
        ->required()
        ->type_name("FILE");
    DeclareTarget(*app);
    DeclareSelection(*app);
    DeclareExecution(*app);
    app->footer(kExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    if (dry_run_ && !(reports_.empty() && write_baseline_.empty())) {
      throw Failure::BadInput(
          "--dry-run finds nothing: --report and --write-baseline cannot be given with it");
    }
    json_.Check();
    ReportFiles reports(reports_, "sweep of " + file_, FAULTLINE_VERSION, SourceRoot(source_));
    if (json_.takes_stdout() && reports.takes_stdout()) {
      throw Failure::BadInput("--json and --report: both go to standard output");
    }
    return reports.Guard([&] { return SweepAndTell(global, reports); });
  }

 private:
  ExitCode SweepAndTell(const GlobalOptions& global, ReportFiles& reports) {
    const std::optional<OutputFile> new_baseline =
        OptionalOutput("--write-baseline", write_baseline_);
    const LoadOptions load = Load(global);
    const std::filesystem::path file = FindScenario(load.data, file_);
    const Baseline baseline =
        baseline_.empty() ? Baseline() : FindBaseline(load.data, file, baseline_);
    const LoadedScenario loaded = LoadScenario(file, load);
    ApplyDefinition(loaded);
    const std::optional<ChangedLines> changed = Changed();
    SweepOptions options = Options(global, loaded);
    options.selection.changed = changed ? &*changed : nullptr;
    // From here on Ctrl-C ends the runs and cleans up.
    Interruption interruption(
        "\n" + Wrapped(fmt::format("faultline: interrupted: what was found so far is kept in {}; "
                                   "ending what runs now. Rerun the same command to resume; a "
                                   "second Ctrl-C stops at once.",
                                   store_),
                       ProseWidth(STDERR_FILENO)));
    if (dry_run_) {
      return DryRun(loaded, options, interruption);
    }
    Store store(store_, Store::Mode::kCreate);
    SayWhatIsShared(options.jobs);
    SnapshotPool snapshots;
    options.snapshots = executor_ == "cold" ? nullptr : &snapshots;
    options.choose_executor = executor_ == "auto";
    reports.Begin("sweep of " + loaded.scenario.name,
                  {{"faultline_sweep", 2}, {"state", "unfinished"}});
    ProgressLine progress(stderr, options.jobs);
    progress.Resume(store.Runs(), store.Findings());
    const SweepResult result =
        RunSweep(loaded, options, store, Executors(options, snapshots, interruption), progress);
    progress.Clear();
    const std::string looked_at = LookedAt(options.selection);
    const bool complete =
        result.remaining == 0 && !result.interrupted && options.shard.is_whole() &&
        looked_at == (baseline.selection.empty() ? kEverything : baseline.selection);
    const SweepReport report =
        MakeSweepReport(store, options.selection, baseline, complete, assumed_, result.impossible);
    const std::string summary = TellSweep(report, result, store_, StdoutWidth(),
                                          ProseWidth(STDOUT_FILENO), DataWords(global));
    reports.takes_stdout() ? WriteMessage(summary) : json_.Tell(summary);
    json_.Write(SweepToJson(report, result));
    if (!reports.empty()) {
      const SweepDigest digest = MakeDigest(store, baseline, assumed_);
      reports.Finish(ContentOf(digest, report, result,
                               {.store_file = store_,
                                .replay_options = ReplayOptions(global),
                                .source = source_,
                                .steps = TitlesOf(loaded.scenario),
                                .unfinished = result.interrupted.has_value(),
                                .compare = nullptr,
                                .compare_file = {}}));
    }
    if (result.interrupted) {
      // While signals are held: timeout(1) sends one to the process and one to its group, and the
      // second would end it before what was told is written.
      FinishConsole();
      throw Interrupted(*result.interrupted);
    }
    if (new_baseline) {
      new_baseline->Write(
          WriteBaseline(store.Findings(), baseline, loaded.scenario.name, looked_at, assumed_));
    }
    return Verdict(report, result);
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
    for (const char* suffix : {"", "-wal"}) {
      std::error_code error;
      std::filesystem::copy_file(store_ + suffix, copy.string() + suffix, error);
      if (error && error != std::errc::no_such_file_or_directory) {
        throw Failure::CannotWork(store_ + suffix + ": " + error.message());
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
    json_.Tell(TellDryRun(result, store.Runs(), options.jobs, StdoutWidth()));
    nlohmann::json document = DryRunToJson(result, store.Runs(), store.Sites(), options.jobs);
    document["scenario"] = loaded.scenario.name;
    document["program"] = options.program.string();
    json_.Write(document);
    return result.fault_free_findings.empty() ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

  void DeclareTarget(CLI::App& app) {
    app.add_option("--program", program_, "the target's program, instead of the profile's")
        ->type_name("PATH");
    app.add_option("--profile", profile_, "profile to use instead of the scenario's")
        ->type_name("NAME");
    app.add_option("--target", target_, "which of the scenario's targets is visited")
        ->type_name("NAME");
    app.add_option("--set", set_, "value of a variable (repeatable)")->type_name("NAME=VALUE");
  }

  void DeclareSelection(CLI::App& app) {
    const std::string group = "Selection (globs; repeatable)";
    app.add_option("--definition", definition_,
                   "what the scenario or its profile says of a sweep of this name (`sweeps`); "
                   "options that are given are stronger")
        ->type_name("NAME")
        ->group(group);
    const auto globs = [&](const char* name, std::vector<std::string>& out, const char* what) {
      app.add_option(name, out, what)->type_name("GLOB")->group(group);
    };
    globs("--points", selection_.points, "fault points, by name");
    globs("--exclude", selection_.exclude, "fault points to leave out");
    globs("--groups", selection_.groups, "groups of points: dpdk, libc/socket");
    globs("--module", selection_.modules, "modules that make the call");
    app.add_flag("--own", own_, "calls that the program's own code makes, not its libraries")
        ->group(group);
    globs("--subsystem", selection_.subsystems, "source directories on the call's stack");
    globs("--caller", selection_.callers, "functions on the call's stack");
    globs("--file", selection_.files, "source files on the call's stack");
    app.add_option("--step", selection_.steps, "steps of the scenario, from 1; 0 before the first")
        ->type_name("N")
        ->group(group);
    app.add_option(
           "--life", selection_.life,
           "calls of this life of the target, from 1; default: of the first, and those that "
           "only later ones make")
        ->check(CLI::Range(1, 10'000))
        ->type_name("N")
        ->group(group);
    app.add_option("--from-step", selection_.from_step, "this step of the scenario and later ones")
        ->check(CLI::PositiveNumber)
        ->type_name("N")
        ->group(group);
    app.add_option("--changed-since", changed_since_,
                   "only calls through functions that changed since this git revision")
        ->type_name("REV")
        ->group(group);
    app.add_option("--source", source_,
                   "the target's source tree, for --changed-since and --report")
        ->type_name("DIR")
        ->group(group);
    app.add_option("--nested", nested_,
                   "of nested fault points of one allocation: outermost, innermost or all")
        ->check(CLI::IsMember({"outermost", "innermost", "all"}))
        ->group(group);
    app.add_option("--modes", modes_,
                   "what happens at a site: transient, persistent, sigterm, sigint, sigterm-twice, "
                   "stop-rpc, drop-connection, pair (default: transient,persistent)")
        ->delimiter(',')
        ->group(group);
    app.add_option("--occurrences", occurrences_, "calls of one site that are visited")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group(group);
  }

  void DeclareExecution(CLI::App& app) {
    app.add_option("--jobs", jobs_, "runs at a time (default: one per CPU)")
        ->check(CLI::Range(1, 1024));
    app.add_option("--executor", executor_,
                   "how visits are made: cold, each a start of the target; snapshot, forked from a "
                   "live target where that is possible; auto, what the first 50 show to be better")
        ->check(CLI::IsMember({"cold", "snapshot", "auto"}))
        ->capture_default_str();
    app.add_option("--budget", budget_,
                   "what to spend: 90s, 15m, 2h or 500runs; the most telling "
                   "sites come first")
        ->type_name("TIME|RUNS");
    app.add_flag("--dry-run", dry_run_,
                 "only say what would be visited and how long that takes; nothing is made to fail, "
                 "and the store stays as it is");
    app.add_option("--shard", shard_,
                   "this part of the plans only; default: as GoogleTest, GitLab, "
                   "Slurm or Kubernetes say in the environment")
        ->type_name("I/N");
    app.add_option("--coverage", coverage_,
                   "where a target built with --coverage counts its lines; tells which ones only "
                   "the sweep reached, and which none")
        ->type_name("DIR");
    app.add_flag("--random", random_, "sites in random order, by a seed that is printed");
    app.add_option("--seed", seed_, "the seed for --random")->type_name("N");
    app.add_option("--baseline", baseline_,
                   "findings that are known, a file or a name: only others fail the command")
        ->type_name("FILE|NAME");
    app.add_option("--write-baseline", write_baseline_, "write what was found as a baseline")
        ->type_name("FILE");
    app.add_flag("--visit-impossible", visit_impossible_,
                 "also make calls fail that were seen never to fail in this build");
    app.add_flag("--assumed", assumed_,
                 "findings whose failure nothing was seen to bring about fail the command too");
    json_.Declare(app, "write the summary, or what a dry run says, as JSON too");
    DeclareReport(app, reports_);
  }

  LoadOptions Load(const GlobalOptions& global) const {
    LoadOptions load;
    load.data = FindData(global.data);
    load.profile = profile_;
    load.target = target_;
    for (const std::string& text : set_) {
      AddSetOption(text, load.set);
    }
    return load;
  }

  // Fills in what no option has said.
  void ApplyDefinition(const LoadedScenario& loaded) {
    if (definition_.empty()) {
      return;
    }
    const std::map<std::string, SweepDefinition>& all = loaded.profile.sweeps;
    const auto found = all.find(definition_);
    if (found == all.end()) {
      std::vector<std::string> known;
      for (const auto& [name, sweep] : all) {
        known.push_back(name);
      }
      throw Failure::BadInput(fmt::format(
          "--definition {}: {} and its profile {} have no such sweep; expected {}{}", definition_,
          loaded.scenario.name, loaded.profile.name,
          known.empty() ? "one that `sweeps` defines" : fmt::format("{}", fmt::join(known, ", ")),
          DidYouMean(definition_, known)));
    }
    const SweepDefinition& sweep = found->second;
    if (sweep.only_changed && changed_since_.empty()) {
      throw Failure::BadInput(
          fmt::format("--definition {}: {} says that it is for what changed; give --changed-since "
                      "and --source",
                      definition_, sweep.position.ToString()));
    }
    const auto fill = [](std::vector<std::string>& option, const std::vector<std::string>& said) {
      option = option.empty() ? said : option;
    };
    if (selection_.points.empty() && selection_.groups.empty()) {
      selection_.points = sweep.points;
      selection_.groups = sweep.groups;
    }
    fill(selection_.exclude, sweep.exclude);
    fill(selection_.modules, sweep.modules);
    fill(selection_.subsystems, sweep.subsystems);
    fill(selection_.callers, sweep.callers);
    fill(selection_.files, sweep.files);
    fill(modes_, sweep.modes);
    budget_ = budget_.empty() ? sweep.budget : budget_;
    occurrences_ = occurrences_ == 1 ? sweep.occurrences : occurrences_;
    if (selection_.steps.empty() && selection_.from_step == 0) {
      selection_.from_step = sweep.from_step;
    }
  }

  std::optional<ChangedLines> Changed() const {
    if (!changed_since_.empty() && source_.empty()) {
      throw Failure::BadInput("--changed-since needs --source, the target's source tree");
    }
    if (changed_since_.empty() && !source_.empty() && reports_.empty()) {
      throw Failure::BadInput("--source is for --changed-since and --report: neither is given");
    }
    if (changed_since_.empty()) {
      return std::nullopt;
    }
    return ChangedLines::SinceRevision(source_, changed_since_);
  }

  SweepOptions Options(const GlobalOptions& global, const LoadedScenario& loaded) {
    const std::filesystem::path own_directory = OwnDirectory();
    SweepOptions options;
    options.program = RequireProgram(loaded.profile, program_, own_directory);
    options.agent = RequireAgent(own_directory);
    options.cache_dir = CacheDir(global);
    if (own_) {
      const Executed executed =
          ExecutedCache(options.cache_dir, options.program, loaded.scenario, loaded.profile)
              .Recall();
      selection_.modules.push_back(
          (executed.empty() ? options.program : executed.program).filename());
    }
    if (const int lives = loaded.scenario.LivesOf(loaded.scenario.subject);
        selection_.life > lives) {
      throw Failure::BadInput(fmt::format("--life {}: the scenario starts the target {} time{}",
                                          selection_.life, lives, lives == 1 ? "" : "s"));
    }
    options.selection = selection_;
    options.selection.nested = nested_ == "all"         ? Nested::kAll
                               : nested_ == "innermost" ? Nested::kInnermost
                                                        : Nested::kOutermost;
    if (!modes_.empty()) {
      options.modes.clear();
      for (const std::string& mode : modes_) {
        options.modes.push_back(ParseMode(mode));
      }
    }
    options.occurrences = occurrences_;
    options.jobs = jobs_.value_or(DefaultJobs());
    options.budget = budget_.empty() ? Budget() : ParseBudget(budget_);
    options.shard = Shard_();
    options.visit_impossible = visit_impossible_;
    options.version = FAULTLINE_VERSION;
    if (!coverage_.empty()) {
      options.coverage.emplace(coverage_);
    }
    if (random_ || seed_) {
      options.random_seed = seed_ ? *seed_ : std::random_device()();
      PrintMessage("random order, --seed {}\n", *options.random_seed);
    }
    return options;
  }

  // For a baseline: the options that decide what can be found at all.
  std::string LookedAt(const Selection& selection) const {
    std::string text = selection.Text();
    if (!modes_.empty()) {
      text += fmt::format("{}--modes {}", text.empty() ? "" : " ", fmt::join(modes_, ","));
    }
    return text.empty() ? kEverything : text;
  }

  Shard Shard_() const {
    if (!shard_.empty()) {
      return ParseShard(shard_);
    }
    const std::optional<Shard> shard =
        ShardFromEnvironment([](const char* name) { return ::getenv(name); });
    if (shard && !shard->is_whole()) {
      PrintMessage("shard {}, as {} says\n", shard->ToString(), shard->source);
    }
    return shard.value_or(Shard());
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
    const bool is_open = !result.no_verdicts.empty() || report.untried() > 0;
    return is_open ? ExitCode::kCannotWork : ExitCode::kAsExpected;
  }

  std::string file_;
  std::string store_;
  std::string program_;
  std::string profile_;
  std::string target_;
  std::vector<std::string> set_;
  Selection selection_;
  bool own_ = false;
  std::string nested_ = "outermost";
  std::string changed_since_;
  std::string source_;
  std::vector<std::string> modes_;
  int occurrences_ = 2;
  std::optional<int> jobs_;
  std::string budget_;
  std::string definition_;
  std::string shard_;
  std::string coverage_;
  bool random_ = false;
  std::optional<uint64_t> seed_;
  std::string baseline_;
  std::string write_baseline_;
  bool assumed_ = false;
  std::string executor_ = "cold";
  bool visit_impossible_ = false;
  bool dry_run_ = false;
  JsonOutput json_;
  std::vector<std::string> reports_;
};

}  // namespace

std::unique_ptr<Command> MakeSweepCommand() { return std::make_unique<SweepCommand>(); }

}  // namespace faultline
