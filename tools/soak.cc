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

// Of the runs of one scenario.
struct Tally {
  int bad = 0;         // with findings
  int not_judged = 0;  // the machine was too busy
};

Tally Soak(const std::string& file, const SoakOptions& options, const fs::path& scratch,
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
  Tally tally;
  const auto begin = Clock::now();
  for (int i = 1; i <= options.runs; ++i) {
    try {
      const ScenarioResult result = RunScenario(loaded, run, executor);
      for (const Finding& finding : result.findings) {
        PrintResult("{}: run {}: {}: {}\n", file, i, finding.kind, finding.title);
      }
      tally.bad += result.findings.empty() ? 0 : 1;
    } catch (const TooBusy& busy) {
      PrintResult("{}: run {}: {}\n", file, i, busy.what());
      ++tally.not_judged;
    }
    if (!fs::is_empty(run.run_root)) {
      throw Failure::CannotWork(
          fmt::format("run {} left its directory in {}", i, run.run_root.string()));
    }
  }
  PrintResult("{}: {} runs, {} with findings, {} not judged, {:.0f} ms each\n", file, options.runs,
              tally.bad, tally.not_judged, static_cast<double>(MsSince(begin)) / options.runs);
  return tally;
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
  Tally all;
  {
    const RunDirectory scratch;
    for (const std::string& file : options.files) {
      const Tally tally = Soak(file, options, scratch.path(), interruption);
      all.bad += tally.bad;
      all.not_judged += tally.not_judged;
    }
  }
  const std::vector<std::string> left = NewIn(TakeCensus(options.shared_machine), before);
  for (const std::string& item : left) {
    PrintResult("left behind: {}\n", item);
  }
  PrintResult("{}\n", left.empty() ? "nothing left behind" : "the machine is not as it was before");
  if (all.bad > 0 || !left.empty()) {
    return static_cast<int>(ExitCode::kFindings);
  }
  return static_cast<int>(all.not_judged > 0 ? ExitCode::kCannotWork : ExitCode::kAsExpected);
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-soak", argc, argv, faultline::Main);
}
