#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/precious_file.h"
#include "harness/base/shell_words.h"
#include "harness/oracle/known_findings.h"
#include "harness/report/json.h"
#include "harness/report/report_files.h"
#include "harness/report/run_report.h"
#include "harness/report/terminal.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/check_commands.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_baseline.h"
#include "harness/sweep/relocate.h"
#include "harness/target/interruption.h"
#include "tools/command.h"
#include "tools/run_digest.h"
#include "tools/store_digest.h"

namespace faultline {
namespace {

constexpr char kRunExamples[] =
    "Examples:\n"
    "  faultline run scenarios/reference/founding-case.yaml\n"
    "  faultline run scenarios/reference/founding-case.yaml --set defect=unregister-missing\n"
    "  faultline run scenarios/spdk/founding-case.yaml --program build/bin/spdk_tgt --json "
    "out.json\n"
    "A scenario may run commands: treat a file that you did not write as a program.";

class RunCommandLine : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "run", "Runs a scenario on its target and judges it; tells the story of what went wrong.");
    app->add_option("scenario", file_, "the scenario")->required()->type_name("FILE");
    app->add_option("--program", program_, "the target's program, instead of the profile's")
        ->type_name("PATH");
    app->add_option("--profile", profile_, "profile to use instead of the scenario's")
        ->type_name("NAME");
    app->add_option("--set", set_, "value of a variable (repeatable)")->type_name("NAME=VALUE");
    app->add_option("--json", json_file_,
                    "write the whole report as JSON too; - is standard output")
        ->type_name("FILE");
    DeclareReport(*app, reports_);
    app->add_option("--baseline", baseline_,
                    "findings that are known, a file or a name: only others fail the command")
        ->type_name("FILE|NAME");
    app->add_flag("--keep", keep_, "keep the run directory and say where it is");
    app->add_flag("--no-faults", no_faults_, "the fault-free life of the scenario");
    CLI::Option* gdb =
        app->add_flag("--gdb", gdb_, "under gdb, stopped at the injected call; no timeouts");
    app->add_flag("--remote", remote_,
                  "hook every point and wait behind the last step: fiu-ctrl (of libfiu) switches "
                  "points of the live target, Enter stops it")
        ->excludes(gdb);
    app->add_flag("-v,--verbose", verbose_, "tell everything: steps, log, stacks of all threads");
    app->footer(kRunExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    if (json_file_ == "-") {  // which a report has for itself
      reports_.push_back("json=" + std::exchange(json_file_, ""));
    }
    ReportFiles reports(reports_, "run of " + file_, FAULTLINE_VERSION, SourceRoot(""));
    std::vector<NamedOutput> outputs = reports.files();
    outputs.push_back({"--json", json_file_});
    RequireDifferentFiles(outputs);
    return reports.Guard([&] { return RunAndTell(global, reports); });
  }

 private:
  ExitCode RunAndTell(const GlobalOptions& global, ReportFiles& reports) {
    Interruption interruption;  // from here on Ctrl-C ends the run and cleans up
    LoadOptions load;
    load.data = FindData(global.data);
    load.profile = profile_;
    for (const std::string& text : set_) {
      AddSetOption(text, load.set);
    }
    const std::filesystem::path file = FindScenario(load.data, file_);
    const LoadedScenario loaded = LoadScenario(file, load);
    RequireCommands(loaded);
    if (remote_ && loaded.profile.detaches) {
      throw Failure::BadInput(fmt::format(
          "--remote cannot be used with {}: a target that forks itself and ends (detaches) would "
          "leave libfiu's own thread behind",
          loaded.profile.name));
    }
    std::optional<Baseline> baseline;
    if (!baseline_.empty()) {
      baseline = FindBaseline(load.data, file, baseline_);
    }
    std::optional<JsonReportFile> json;
    if (!json_file_.empty()) {
      RequireNoDataFile("--json", json_file_);
      json.emplace(json_file_);
    }
    reports.Begin("run of " + loaded.scenario.name,
                  {{"faultline_report", 1}, {"state", "unfinished"}});
    ColdExecutor executor(&interruption);
    AnyBuildResult run = RunInAnyBuild(loaded, Options(global, loaded), loaded.places, executor);
    PrintResult("{}", TellMoved(run));
    if (!run.lost.empty()) {
      throw Failure::CannotWork(fmt::format("{} cannot be tried: {} cannot be found in this build",
                                            file_, run.lost.front()));
    }
    ScenarioResult& result = run.result;
    std::vector<BaselineEntry> fixed;
    if (baseline) {
      fixed = ApplyBaseline(*baseline, result.findings);
    }
    const RunReport report{.evidence = result.evidence,
                           .findings = result.findings,
                           .not_seen = result.not_seen,
                           .fixed = std::move(fixed),
                           .broken_without_faults = result.broken_without_faults,
                           .replay_command = Replay(global, ""),
                           .gdb_command = remote_ || result.evidence.injections.empty()
                                              ? std::string()
                                              : Replay(global, "--gdb"),
                           .leaks_not_judged = result.leaks_not_judged,
                           .gave_up = result.gave_up};
    const TerminalOptions terminal = StdoutOptions(global);
    const auto print = [&](const std::string& text) {
      reports.takes_stdout() ? WriteMessage(text) : WriteResult(text);
    };
    print(verbose_ ? TellRunInFull(report, terminal) : TellRun(report, terminal));
    if (remote_) {
      print(TellSwitched(result.evidence));
    }
    if (keep_) {
      print(fmt::format("kept: {}\n", result.evidence.run_dir.string()));
    }
    if (json) {
      json->Finish(report);
    }
    reports.Finish(ContentOf(report, FAULTLINE_VERSION));
    const Verdict verdict = VerdictOf(report);
    return verdict != Verdict::kFindings ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

  static std::string TellSwitched(const Evidence& evidence) {
    const auto failed = std::count_if(
        evidence.injections.begin(), evidence.injections.end(),
        [](const Injection& injection) { return injection.fault == kSwitchedByHand; });
    return fmt::format("calls that failed by hand: {}\n", failed);
  }

  ScenarioOptions Options(const GlobalOptions& global, const LoadedScenario& loaded) const {
    const std::filesystem::path own_directory = OwnDirectory();
    ScenarioOptions options;
    options.program = RequireProgram(loaded.profile, program_, own_directory);
    options.agent = RequireAgent(own_directory);
    options.cache_dir = CacheDir(global);
    options.with_faults = !no_faults_;
    options.keep_run_dir = keep_;
    options.in_debugger = gdb_;
    options.remote_control = remote_;
    return options;
  }

  // The command that does the same again; `more` is added to it.
  std::string Replay(const GlobalOptions& global, const std::string& more) const {
    std::vector<std::string> words = {"faultline", "run", file_};
    const auto add = [&](const std::string& option, const std::string& value) {
      if (!value.empty()) {
        words.push_back(option);
        words.push_back(value);
      }
    };
    add("--program", program_);
    add("--profile", profile_);
    for (const std::string& value : set_) {
      add("--set", value);
    }
    add("--baseline", baseline_);
    for (const std::string& word : DataWords(global)) {
      words.push_back(word);
    }
    if (no_faults_) {
      words.push_back("--no-faults");
    }
    if (remote_) {
      words.push_back("--remote");
    }
    if (!more.empty()) {
      words.push_back(more);
    }
    return JoinForShell(words);
  }

  std::string file_;
  std::string program_;
  std::string profile_;
  std::vector<std::string> set_;
  std::string json_file_;
  std::vector<std::string> reports_;
  std::string baseline_;
  bool keep_ = false;
  bool no_faults_ = false;
  bool gdb_ = false;
  bool remote_ = false;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeRunCommand() { return std::make_unique<RunCommandLine>(); }

}  // namespace faultline
