// Many fault-free runs: none may have a finding, and the machine must be as it was before.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/data_dir.h"
#include "harness/target/clock.h"
#include "harness/target/interruption.h"
#include "harness/target/run_dir.h"
#include "tools/census.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

struct SoakOptions {
  int runs = 100;
  std::string data;
  std::vector<std::string> files;
  std::vector<std::string> set;
  std::string program;
  bool shared_machine = false;
};

// Runs one scenario; the number of runs with findings.
int Soak(const std::string& file, const SoakOptions& options, const fs::path& scratch,
         Interruption& interruption) {
  LoadOptions load;
  load.data = options.data.empty() ? FindData() : FindData({options.data});
  for (const std::string& text : options.set) {
    AddSetOption(text, load.set);
  }
  const LoadedScenario loaded = LoadScenario(file, load);
  ScenarioOptions run;
  run.program = RequireProgram(loaded.profile, options.program, OwnDirectory());
  run.agent = RequireAgent(OwnDirectory());
  run.cache_dir = scratch / "cache";
  run.run_root = scratch / "runs";
  run.with_faults = false;
  fs::create_directories(run.run_root);
  ColdExecutor executor(&interruption);
  int bad = 0;
  const auto begin = Clock::now();
  for (int i = 1; i <= options.runs; ++i) {
    const ScenarioResult result = RunScenario(loaded, run, executor);
    for (const Finding& finding : result.findings) {
      PrintResult("{}: run {}: {}: {}\n", file, i, finding.kind, finding.title);
    }
    bad += result.findings.empty() ? 0 : 1;
    if (!fs::is_empty(run.run_root)) {
      throw Failure::CannotWork(
          fmt::format("run {} left its directory in {}", i, run.run_root.string()));
    }
  }
  PrintResult("{}: {} runs, {} with findings, {:.0f} ms each\n", file, options.runs, bad,
              static_cast<double>(MsSince(begin)) / options.runs);
  return bad;
}

int Main(int argc, char** argv) {
  SoakOptions options;
  CLI::App app(
      "Runs scenarios without faults again and again; then nothing may be found and "
      "nothing left behind.");
  app.add_option("scenarios", options.files, "scenario files")->required()->type_name("FILE");
  app.add_option("--runs", options.runs, "runs of each")->check(CLI::Range(1, 1'000'000));
  app.add_option("--data", options.data, "as faultline's")->type_name("DIR");
  app.add_option("--set", options.set, "as faultline run's")->type_name("NAME=VALUE");
  app.add_option("--program", options.program, "as faultline run's")->type_name("PATH");
  app.add_flag(
      "--shared-machine", options.shared_machine,
      "others use this machine meanwhile: look only at processes of this program's own runs, not "
      "at mounts, free hugepages, /tmp, /dev/shm and /var/tmp");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kBadInput);
  }
  Interruption interruption;
  const MachineCensus before = TakeCensus(options.shared_machine);
  int bad = 0;
  {
    const RunDirectory scratch;
    for (const std::string& file : options.files) {
      bad += Soak(file, options, scratch.path(), interruption);
    }
  }
  const std::vector<std::string> left = NewIn(TakeCensus(options.shared_machine), before);
  for (const std::string& item : left) {
    PrintResult("left behind: {}\n", item);
  }
  PrintResult("{}\n", left.empty() ? "nothing left behind" : "the machine is not as it was before");
  return bad == 0 && left.empty() ? 0 : 1;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-soak", argc, argv, faultline::Main);
}
