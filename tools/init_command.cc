#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "harness/base/console.h"
#include "harness/base/files.h"
#include "harness/base/shell_words.h"
#include "harness/run/first_look.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/lint.h"
#include "tools/command.h"
#include "tools/init_files.h"
#include "tools/init_subject.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kInitExamples[] =
    "Examples:\n"
    "  faultline init ./build/my_app -- --port 0\n"
    "  faultline init /usr/bin/dpdk-testpmd -- --vdev=net_null0 --vdev=net_null1 -- "
    "--total-num-mbufs=2048\n"
    "  faultline init ./my_tgt --dir tests/faultline --name my-tgt\n"
    "The program runs once without faults, and once more as the files say. For DPDK --no-pci is "
    "added.";

class InitCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "init", "Watches a program once and writes a profile and a first scenario for it.");
    app->add_option("program", program_, "the program; its own arguments stand behind --")
        ->required()
        ->type_name("PROGRAM");
    app->add_option("args", args_, "its arguments")->type_name("ARGS");
    app->add_option("--dir", dir_, "where the files are written")
        ->capture_default_str()
        ->type_name("DIR");
    app->add_option("--name", name_, "name of profile and scenario (default: the program's)")
        ->type_name("NAME");
    CLI::Option* own =
        app->add_flag("--own", own_,
                      "the sweep that is printed looks at the program's own code, not its "
                      "libraries' (default: unless the program is the system's)");
    app->add_flag("--no-own", no_own_, "it looks at the libraries' code too")->excludes(own);
    app->add_flag("--force", force_, "write over files that are there");
    app->footer(kInitExamples);
    return app;
  }

  bool TakesEmptyArguments() const override { return true; }

  ExitCode Run(const GlobalOptions& global) override {
    if (program_.empty()) {
      throw Failure::BadInput("program: the value is empty; expected PROGRAM");
    }
    InitSubject subject = MakeInitSubject(
        fs::absolute(RequireProgram(Profile{}, program_, OwnDirectory())), name_, args_);
    const fs::path dir = fs::absolute(dir_).lexically_normal();
    const fs::path profile_file = dir / "profiles" / (subject.name + ".yaml");
    const fs::path scenario_file = dir / (subject.name + ".yaml");
    CheckFree({profile_file, scenario_file});
    Interruption interruption;
    PrintMessage("faultline: {} runs once without faults ...\n", subject.program.string());
    FirstLook look = LookAtProgram(subject.program, StartOf(subject), interruption);
    CheckUsable(subject, look);
    LookInRunDir(subject, look, interruption);
    UseFreePort(look.tcp_ports, subject);
    CheckShowsReady(subject, look);
    WriteFiles({{profile_file, InitProfileText(subject, look)},
                {scenario_file, InitScenarioText(subject, look)}});
    PrintResult("{}\n{}\n{}", profile_file.string(), scenario_file.string(),
                InitTold(subject, look));
    for (const std::string& changed : subject.changed_args) {
      PrintResult("  argument {}: runs have a directory and a port of their own\n", changed);
    }
    const bool passes = TryOut(global, scenario_file, interruption);
    const bool own = own_ || (!no_own_ && IsOfOnesOwn(subject, look.wraps));
    const std::vector<std::string> baselines = Shipped(global, InitBaselines(subject));
    PrintResult("next: {}\n", NextCommand(global, scenario_file, own, baselines));
    if (own) {
      PrintResult(
          "  --own --points '*': all calls that its own code makes; without these those of its "
          "libraries too\n");
    }
    if (!baselines.empty()) {
      PrintResult("  --baseline: what is known of its libraries is not told as new\n");
    }
    return passes ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

 private:
  // As it can be typed into any directory: with the store beside the scenario.
  static std::string NextCommand(const GlobalOptions& global, const fs::path& scenario_file,
                                 bool own, const std::vector<std::string>& baselines) {
    fs::path store = scenario_file;
    std::vector<std::string> words = {OwnCommand(), "sweep", scenario_file, "--store",
                                      store.replace_extension(".db")};
    if (own) {
      // Calls of malloc and its like among them: of one's own code they are few.
      words.insert(words.end(), {"--own", "--points", "*"});
    }
    for (const std::string& baseline : baselines) {
      words.insert(words.end(), {"--baseline", baseline});
    }
    for (const std::string& dir : global.data) {
      words.insert(words.end(), {"--data", fs::absolute(dir).lexically_normal()});
    }
    return JoinForShell(words);
  }

  void CheckFree(const std::vector<fs::path>& files) const {
    std::error_code ignored;
    for (const fs::path& file : files) {
      if (!force_ && fs::exists(file, ignored)) {
        throw Failure::BadInput(
            fmt::format("{} is there already: --force writes over it, --name and --dir choose "
                        "another",
                        file.string()));
      }
    }
  }

  static bool HasFailed(const FirstLook& look) {
    return look.ended_by_itself &&
           !(look.exit.kind == ExitStatus::Kind::kExited && look.exit.code == 0);
  }

  static void CheckUsable(const InitSubject& subject, const FirstLook& look) {
    if (HasFailed(look)) {
      throw Failure::BadInput(fmt::format(
          "{} already fails without faults: it ended by itself with {}; it last said:\n  {}\n"
          "give it the arguments that it needs behind `--`",
          subject.program.string(), look.exit.ToString(), fmt::join(look.last_words, "\n  ")));
    }
  }

  // Files outside the run directory are neither a run's own nor looked at when it has ended: where
  // its arguments lead there, it is looked at once more with places in the run directory.
  static void LookInRunDir(InitSubject& subject, FirstLook& look, Interruption& interruption) {
    InitSubject moved = subject;
    if (!UseRunDir(look.places, moved)) {
      return;
    }
    PrintMessage("faultline: it runs once more with ${{run_dir}} in its arguments ...\n");
    FirstLook there = LookAtProgram(moved.program, StartOf(moved), interruption);
    if (there.ended_by_itself != look.ended_by_itself || HasFailed(there)) {
      PrintMessage("faultline: it does not work so: the arguments stay as they are\n");
      return;
    }
    subject = std::move(moved);
    look = std::move(there);
  }

  static void CheckShowsReady(const InitSubject& subject, const FirstLook& look) {
    if (look.detaches && !look.ended_by_itself && !ShowsReady(subject, look)) {
      throw Failure::BadInput(fmt::format(
          "{} forks into the background, and nothing shows when it is ready: it says nothing, and "
          "makes no file in its run directory nor listens at a port; give it arguments with which "
          "it stays in the foreground, says something or makes a pid file (in ${{run_dir}})",
          subject.program.string()));
    }
  }

  // Those that are there, with the data that this command uses.
  static std::vector<std::string> Shipped(const GlobalOptions& global,
                                          std::vector<std::string> baselines) {
    const std::vector<DataPath::Entry> shipped = FindData(global.data).All(DataKind::kBaseline);
    std::erase_if(baselines, [&](const std::string& name) {
      return std::none_of(shipped.begin(), shipped.end(),
                          [&](const DataPath::Entry& entry) { return entry.name == name; });
    });
    return baselines;
  }

  static void WriteFiles(const std::vector<std::pair<fs::path, std::string>>& files) {
    for (const auto& [file, text] : files) {
      std::error_code error;
      fs::create_directories(file.parent_path(), error);
      if (error) {
        throw Failure::BadInput(
            fmt::format("--dir: cannot make {}: {}", file.parent_path().string(), error.message()));
      }
      WriteFileAtomically(file, text);
      fs::permissions(file,
                      fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                          fs::perms::others_read,
                      error);
    }
  }

  // What was written, once more as it will be used.
  static bool TryOut(const GlobalOptions& global, const fs::path& file,
                     Interruption& interruption) {
    LoadOptions load;
    load.data = FindData(global.data);
    const LoadedScenario loaded = LoadScenario(file, load);
    const fs::path own_directory = OwnDirectory();
    ScenarioOptions options;
    options.program = RequireProgram(loaded.profile, "", own_directory);
    options.agent = RequireAgent(own_directory);
    options.cache_dir = CacheDir(global);
    ColdExecutor executor(&interruption);
    const ScenarioResult result = RunScenario(loaded, options, executor);
    if (result.findings.empty()) {
      PrintResult("the scenario passes without faults\n");
      return true;
    }
    PrintResult("the scenario does not pass yet: {}: {}\n  faultline run {}\n",
                result.findings.front().kind, result.findings.front().title, file.string());
    return false;
  }

  std::string program_;
  std::vector<std::string> args_;
  std::string dir_ = ".";
  std::string name_;
  bool own_ = false;
  bool no_own_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeInitCommand() { return std::make_unique<InitCommand>(); }

}  // namespace faultline
