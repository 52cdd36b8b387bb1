// What a sweep costs per site: its wall time against the target's own start and stop, with one and
// with two jobs, measured in turns; the harness's CPU time per run; how the store grows. How the
// bare target itself fares with a second one beside it is told too: no sweep can be better.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/console.h"
#include "harness/report/table.h"
#include "harness/run/executor.h"
#include "harness/run/program_lookup.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_scenario.h"
#include "harness/store/store.h"
#include "harness/sweep/sweep.h"
#include "harness/target/run_dir.h"
#include "tools/median.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// The figures that the project wants.
constexpr double kWantedOneJob = 1.10;
constexpr double kWantedTwoJobs = 0.60;
constexpr int kBareRuns = 5;  // at a time, in each round

struct Cost {
  double ms_per_run = 0;
  double harness_cpu_ms = 0;  // per run
  double store_kib = 0;       // per 1,000 runs
};

class Benchmark {
 public:
  Benchmark(const fs::path& scenario, const std::string& program, int runs)
      : loaded_(LoadScenario(scenario, {.data = FindData(), .profile = "", .set = {}})),
        program_(RequireProgram(loaded_.profile, program, OwnDirectory())),
        runs_(runs) {}

  // Start and stop of the target alone: no agent, no tracer.
  double BareMs() {
    RunRequest request{loaded_.scenario, loaded_.profile, loaded_.catalogue};
    request.program = program_;
    request.agent = RequireAgent(OwnDirectory());
    request.limits_ms = loaded_.scenario.limits_ms;
    request.observe = false;
    request.trace = false;
    request.cache_dir = directory_.path() / "cache";
    return static_cast<double>(ColdExecutor().Execute(request).total_ms);
  }

  // The same with two at a time: the wall time per run.
  double BarePairMs() {
    const auto begin = std::chrono::steady_clock::now();
    {
      const auto some = [this] {
        for (int i = 0; i < kBareRuns; ++i) {
          BareMs();
        }
      };
      const std::jthread one(some);
      const std::jthread other(some);
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    return took.count() / (2 * kBareRuns);
  }

  // A part of the sweep, the same in each call, into a store of its own.
  Cost Sweep(int jobs) {
    const fs::path file = directory_.path() / fmt::format("{}.db", ++stores_);
    SweepOptions options;
    options.program = program_;
    options.agent = RequireAgent(OwnDirectory());
    options.cache_dir = directory_.path() / "cache";
    options.jobs = jobs;
    options.budget.runs = runs_;
    SweepProgress silent;
    Cost cost;
    {
      Store store(file, Store::Mode::kCreate);
      const SweepResult result = RunSweep(
          loaded_, options, store, [] { return std::make_unique<ColdExecutor>(); }, silent);
      cost.ms_per_run = static_cast<double>(result.elapsed_ms) / static_cast<double>(result.runs);
      int64_t cpu_us = 0;
      const std::vector<StoredRun> runs = store.Runs();
      for (const StoredRun& run : runs) {
        cpu_us += run.harness_cpu_us;
      }
      cost.harness_cpu_ms = static_cast<double>(cpu_us) / 1000 / static_cast<double>(runs.size());
      size_t bytes = 0;
      for (const StoredRun& run : store.Runs(/*with_evidence=*/true)) {
        bytes += run.evidence.size() + run.key.size() + run.exit.size() + run.outcome.size();
      }
      cost.store_kib = static_cast<double>(bytes) / static_cast<double>(runs.size()) * 1000 / 1024;
    }
    return cost;
  }

  const std::string& name() const { return loaded_.scenario.name; }

 private:
  LoadedScenario loaded_;
  fs::path program_;
  int runs_;
  RunDirectory directory_;
  int stores_ = 0;
};

int Main(int argc, char** argv) {
  CLI::App app("What a sweep costs per site, as ratios to the target's own start and stop.",
               "faultline-sweep-benchmark");
  std::string scenario;
  std::string program;
  int runs = 60;
  int rounds = 3;
  app.add_option("scenario", scenario, "the scenario")->required()->type_name("FILE");
  app.add_option("--program", program, "the target's program")->type_name("PATH");
  app.add_option("--runs", runs, "runs of each sweep")->check(CLI::Range(1, 100'000));
  app.add_option("--rounds", rounds, "sweeps of each kind")->check(CLI::Range(1, 1'000));
  CLI11_PARSE(app, argc, argv);
  Benchmark benchmark(scenario, program, runs);
  benchmark.BareMs();  // fills the caches
  std::vector<double> bare;
  std::vector<double> bare_pair;
  std::vector<double> one;
  std::vector<double> two;
  Cost cost;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < kBareRuns; ++i) {
      bare.push_back(benchmark.BareMs());
    }
    bare_pair.push_back(benchmark.BarePairMs());
    cost = benchmark.Sweep(1);
    one.push_back(cost.ms_per_run);
    two.push_back(benchmark.Sweep(2).ms_per_run);
  }
  const double one_ratio = Median(one) / Median(bare);
  const double two_ratio = Median(two) / Median(bare);
  Table table({benchmark.name(), "ms", "ratio", "wanted"});
  table.AddRow({"bare start and stop", fmt::format("{:.0f}", Median(bare)), "1.00", ""});
  table.AddRow({"bare, two at a time, per run", fmt::format("{:.0f}", Median(bare_pair)),
                fmt::format("{:.2f}", Median(bare_pair) / Median(bare)), ""});
  table.AddRow({"sweep, one job, per run", fmt::format("{:.0f}", Median(one)),
                fmt::format("{:.2f}", one_ratio), fmt::format("{:.2f}", kWantedOneJob)});
  table.AddRow({"sweep, two jobs, per run", fmt::format("{:.0f}", Median(two)),
                fmt::format("{:.2f}", two_ratio), fmt::format("{:.2f}", kWantedTwoJobs)});
  PrintResult("{}harness CPU per run: {:.1f} ms\nstore: {:.0f} KiB per 1,000 runs\n",
              table.ToString(), cost.harness_cpu_ms, cost.store_kib);
  return one_ratio <= kWantedOneJob && two_ratio <= kWantedTwoJobs ? 0 : 1;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-sweep-benchmark", argc, argv, faultline::Main);
}
