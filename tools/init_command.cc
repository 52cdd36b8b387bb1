#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "harness/base/console.h"
#include "harness/base/files.h"
#include "harness/run/first_look.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/lint.h"
#include "harness/target/elf_facts.h"
#include "harness/target/safety.h"
#include "tools/command.h"
#include "tools/shell_words.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kExamples[] =
    "Examples:\n"
    "  faultline init ./build/my_app -- --port 0\n"
    "  faultline init /usr/bin/dpdk-testpmd -- --vdev=net_null0 --vdev=net_null1 -- "
    "--total-num-mbufs=2048\n"
    "  faultline init ./my_tgt --dir tests/faultline --name my-tgt\n"
    "The program runs once without faults, and once more as the files say. For DPDK --no-pci is "
    "added.";

// A text in a file of ours: quoted, and no `${` of it is a variable.
std::string Quoted(const std::string& text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    escaped += text[i];
    if (text[i] == '$' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '$')) {
      escaped += '$';
    }
  }
  return nlohmann::json(escaped).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The same for a pattern or a path in which the run's own names are variables already.
std::string QuotedAsIs(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string SignalText(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

bool HasOption(const std::vector<std::string>& args, const std::vector<std::string>& options) {
  return std::any_of(args.begin(), args.end(), [&](const std::string& arg) {
    return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
      return arg == option || arg.starts_with(option + "=") ||
             (option.size() == 2 && arg.starts_with(option));
    });
  });
}

// What of DPDK and SPDK a program contains, and what it is started with.
struct Subject {
  fs::path program;
  std::string name;
  bool has_dpdk = false;
  bool has_spdk = false;
  std::vector<std::string> args;      // as they are written: run-time names are variables
  std::vector<std::string> app_args;  // from "--" on
};

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
    app->add_flag("--own", own_,
                  "the sweep that is printed looks at the program's own code, not its libraries'");
    app->add_flag("--force", force_, "write over files that are there");
    app->footer(kExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    const Subject subject = MakeSubject();
    const fs::path profile_file = fs::path(dir_) / "profiles" / (subject.name + ".yaml");
    const fs::path scenario_file = fs::path(dir_) / (subject.name + ".yaml");
    CheckFree({profile_file, scenario_file});
    Interruption interruption;
    PrintMessage("faultline: {} runs once without faults ...\n", subject.program.string());
    const FirstLook look = LookAtProgram(subject.program, StartOf(subject), interruption);
    CheckUsable(subject, look);
    WriteFiles(
        {{profile_file, ProfileText(subject, look)}, {scenario_file, ScenarioText(subject, look)}});
    PrintResult("{}\n{}\n{}", profile_file.string(), scenario_file.string(), Told(look));
    const bool passes = TryOut(global, scenario_file, interruption);
    std::vector<std::string> words = {"faultline", "sweep", scenario_file, "--store",
                                      subject.name + ".db"};
    if (own_) {
      words.emplace_back("--own");
    }
    for (const std::string& word : DataWords(global)) {
      words.push_back(word);
    }
    PrintResult("next: {}\n", JoinForShell(words));
    return passes ? ExitCode::kAsExpected : ExitCode::kFindings;
  }

 private:
  Subject MakeSubject() const {
    Subject subject;
    subject.program = RequireProgram(Profile{}, program_, OwnDirectory());
    subject.name = name_.empty() ? subject.program.filename().string() : name_;
    if (subject.name.find_first_of("/ \t\n") != std::string::npos ||
        subject.name.starts_with(".")) {
      throw Failure::BadInput(
          fmt::format("--name {}: expected a word that can be the name of a file", subject.name));
    }
    subject.has_dpdk = UsesDpdk(subject.program);
    subject.has_spdk = subject.has_dpdk && FileContains(subject.program, {"spdk_app_start"});
    const auto app = std::find(args_.begin(), args_.end(), "--");
    std::vector<std::string> args(args_.begin(), app);
    for (const std::string& arg : args) {
      subject.args.push_back(Escaped(arg));
    }
    for (auto arg = app; arg != args_.end(); ++arg) {
      subject.app_args.push_back(Escaped(*arg));
    }
    AddDpdkArguments(args, subject);
    return subject;
  }

  static std::string Escaped(const std::string& text) {
    const std::string quoted = Quoted(text);
    return nlohmann::json::parse(quoted).get<std::string>();
  }

  // What a program on DPDK must have so that runs of it neither touch the machine nor each other.
  static void AddDpdkArguments(const std::vector<std::string>& given, Subject& subject) {
    if (!subject.has_dpdk) {
      return;
    }
    const auto add = [&](const std::vector<std::string>& options,
                         const std::vector<std::string>& args) {
      if (!HasOption(given, options)) {
        subject.args.insert(subject.args.end(), args.begin(), args.end());
      }
    };
    if (!HasOption(given, {"--no-pci"})) {
      subject.args.insert(subject.args.begin(), "--no-pci");
    }
    if (subject.has_spdk) {
      add({"-r", "--rpc-socket"}, {"-r", "${rpc_socket}"});
      add({"--no-huge", "--huge-dir"}, {"--no-huge"});
      add({"-s", "--mem-size"}, {"-s", "1024"});
      add({"--lcores", "-m", "--cpumask"}, {"--lcores", "0@${cpu}"});
      add({"--disable-cpumask-locks"}, {"--disable-cpumask-locks"});
      return;
    }
    add({"--lcores", "-l", "-c"}, {"--lcores=0@${cpu},1@${second_cpu}"});
    add({"--file-prefix", "--in-memory"}, {"--file-prefix=${file_prefix}"});
    if (!HasOption(given, {"--no-huge", "--huge-dir", "--in-memory", "--socket-mem"})) {
      subject.args.emplace_back("--no-huge");
      add({"-m"}, {"-m", "64"});
    }
  }

  static Profile StartOf(const Subject& subject) {
    Profile profile;
    profile.name = subject.name;
    profile.args = subject.args;
    profile.app_args = subject.app_args;
    profile.terminal = true;
    if (subject.has_dpdk) {
      profile.required_args = {"--no-pci"};
      profile.environment["RUNTIME_DIRECTORY"] = "${run_dir}";
    }
    return profile;
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

  static void CheckUsable(const Subject& subject, const FirstLook& look) {
    const bool failed = look.ended_by_itself &&
                        !(look.exit.kind == ExitStatus::Kind::kExited && look.exit.code == 0);
    if (failed) {
      throw Failure::BadInput(fmt::format(
          "{} already fails without faults: it ended by itself with {}; it last said:\n  {}\n"
          "give it the arguments that it needs behind `--`",
          subject.program.string(), look.exit.ToString(), fmt::join(look.last_words, "\n  ")));
    }
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

  static std::string ListText(const char* key, const std::vector<std::string>& values) {
    std::string text = std::string(key) + ":\n";
    for (const std::string& value : values) {
      text += "  - " + QuotedAsIs(value) + "\n";
    }
    return values.empty() ? "" : text;
  }

  // The way it gets ready, with the comment that says why.
  static std::string ReadyText(const FirstLook& look) {
    if (look.ended_by_itself) {
      return "# It runs to completion: it is as ready as it will ever be once it is started.\n"
             "ready: started\n";
    }
    if (!look.rpc_method.empty()) {
      return fmt::format(
          "# It answered this request on ${{rpc_socket}}.\nrpc: true\nready: {{rpc: {}}}\n",
          look.rpc_method);
    }
    if (!look.ready_pattern.empty()) {
      return fmt::format(
          "# The line by which its start seemed to be over; choose a better one if there is.\n"
          "ready: {{log: {}}}\n",
          QuotedAsIs(look.ready_pattern));
    }
    return "# It said nothing: a line that says that it is ready would make runs faster and "
           "surer.\n"
           "ready: started\n";
  }

  static std::string EndText(const FirstLook& look) {
    if (look.ended_by_itself) {
      return "stop: by_itself\n";
    }
    if (!look.stop_signal) {
      return "# It ended neither by SIGTERM nor by SIGINT within 10 s. Say how it is stopped:\n"
             "# stop: {type: \"quit\\n\"}, stop: {rpc: METHOD} or stop: {run: [PROGRAM, ...]}\n";
    }
    std::string text = *look.stop_signal == SIGTERM
                           ? std::string()
                           : fmt::format("# SIGTERM did not end it.\nstop: {{signal: {}}}\n",
                                         SignalText(*look.stop_signal));
    if (look.exit.kind == ExitStatus::Kind::kSignaled) {
      text += fmt::format(
          "# It takes no measures at {0}: it dies of it, and gives nothing back.\n"
          "clean_signals: [{0}]\n",
          SignalText(look.exit.code));
    } else if (look.exit.code != 0) {
      text += fmt::format("clean_exit_codes: [{}]   # what it ended with when it was asked to\n",
                          look.exit.code);
    }
    return text;
  }

  std::string ProfileText(const Subject& subject, const FirstLook& look) const {
    std::string text =
        fmt::format("faultline: 1\nsummary: {}\n\nprogram: {}\n",
                    Quoted(fmt::format("{}, as `faultline init` saw it", subject.name)),
                    Quoted(subject.program.string()));
    if (!look.executed.empty()) {
      text +=
          fmt::format("# It executes {} in its place, which is what calls are made to fail in.\n",
                      look.executed.string());
    }
    text += ListText("args", subject.args) + ListText("app_args", subject.app_args);
    if (subject.has_dpdk) {
      text +=
          "# Without it DPDK may take the machine's own network card away.\n"
          "required_args: [--no-pci]\n"
          "environment:\n  RUNTIME_DIRECTORY: ${run_dir}   # DPDK's run-time files go below it\n";
    }
    text += "\nterminal: true   # so that a line is seen when it is written\n" + ReadyText(look);
    if (look.detaches) {
      text += "detaches: true   # the started process ends, one that it has forked is the target\n";
    }
    text += EndText(look);
    text += "limits: {start: 20s, stop: 10s}\n";
    if (!look.listens.empty()) {
      text += fmt::format("# It listens on: {}. A fixed port lets only one run go on at a time.\n",
                          fmt::join(look.listens, ", "));
    }
    if (!look.left.empty()) {
      text += fmt::format(
          "# Left behind after its end, which is no leak in runs with faults either:\n#   {}\n",
          fmt::join(look.left, "\n#   "));
    }
    text +=
        "\n# What can be made to fail, and what is watched; `faultline list catalogues` has "
        "more.\n";
    text += ListText("catalogues", Catalogues(subject));
    text +=
        "\n# Patterns of lines by which it reports an error: with them, failures that no line, no\n"
        "# answer and no exit code tells are findings.\n# error_lines: ['ERROR']\n";
    return text;
  }

  static std::vector<std::string> Catalogues(const Subject& subject) {
    std::vector<std::string> names = {"libc-memory", "libc-string", "libc-file",     "libc-socket",
                                      "libc-poll",   "libc-thread", "observers-libc"};
    if (subject.has_dpdk) {
      names.insert(names.end(), {"hugepage", "dpdk", "observers-dpdk"});
    }
    if (subject.has_spdk) {
      names.insert(names.end(), {"spdk-env", "spdk-thread", "spdk-lib", "observers-spdk"});
    }
    return names;
  }

  static std::string ScenarioText(const Subject& subject, const FirstLook& look) {
    std::string text = fmt::format(
        "faultline: 1\nsummary: {}\nprofile: {}   # profiles/{}.yaml\n"
        "steps:\n  - wait_ready\n",
        Quoted(subject.name + " starts and stops"), Quoted(subject.name), subject.name);
    if (look.ended_by_itself) {
      text += "  - wait_exit\n";
    }
    text +=
        "# More steps: rpc, type, run, signal, expect_log (see scenarios/README.md). A fault of\n"
        "# one's own, by a name of `faultline list points`:\n"
        "# faults:\n#   - {point: libc/memory/calloc, nth: 3}\n";
    return text;
  }

  static std::string Told(const FirstLook& look) {
    std::string text;
    const auto say = [&](const std::string& what) { text += "  " + what + "\n"; };
    if (!look.executed.empty()) {
      say("it executes " + look.executed.string());
    }
    if (look.detaches) {
      say("it detaches: a process that it forks is the target");
    }
    say(look.ended_by_itself       ? "it runs to completion"
        : !look.rpc_method.empty() ? "ready when it answers " + look.rpc_method
        : !look.ready_line.empty() ? "ready at the line `" + look.ready_line + "`"
                                   : "it says nothing; taken for ready once it is started");
    say(look.ended_by_itself ? "it ended with " + look.exit.ToString()
        : look.stop_signal
            ? fmt::format("{} ends it: {}", SignalText(*look.stop_signal), look.exit.ToString())
            : "neither SIGTERM nor SIGINT ends it: its profile says what to do");
    if (!look.left.empty()) {
      say(fmt::format("it leaves {}", fmt::join(look.left, ", ")));
    }
    return text;
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
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeInitCommand() { return std::make_unique<InitCommand>(); }

}  // namespace faultline
