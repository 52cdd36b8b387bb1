// What a sweep costs per site: its wall time against the target's own start and stop, with one and
// with two jobs, measured in turns; the harness's CPU time per run; how the store grows. How the
// bare target itself fares with a second one beside it is told too: no cold sweep can be better.
// With --executor snapshot the same of sweeps by snapshots beside the cold ones, and how the time
// per site grows with the number of sites.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/console.h"
#include "harness/report/table.h"
#include "harness/run/executor.h"
#include "harness/run/program_lookup.h"
#include "harness/run/snapshot_executor.h"
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
constexpr double kWantedSnapshot = 0.20;  // of sweeps by snapshots, with one job
constexpr double kWantedGrowth = 1.25;    // of the time per site, from the fewest to the most sites
constexpr int kBareRuns = 5;              // at a time, in each round

struct Cost {
  double ms_per_run = 0;
  double harness_cpu_ms = 0;  // per run
  double store_kib = 0;       // per 1,000 runs
  int64_t snapshots = 0;      // runs of forked targets
  int64_t runs = 0;
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

  // A part of the sweep, the same in each call, into a store of its own. `runs` of it: 0 = as many
  // as the benchmark was told.
  Cost Sweep(int jobs, bool by_snapshots = false, int runs = 0) {
    const fs::path file = directory_.path() / fmt::format("{}.db", ++stores_);
    SweepOptions options;
    options.program = program_;
    options.agent = RequireAgent(OwnDirectory());
    options.cache_dir = directory_.path() / "cache";
    options.jobs = jobs;
    options.budget.runs = runs == 0 ? runs_ : runs;
    SnapshotPool pool;
    options.snapshots = by_snapshots ? &pool : nullptr;
    const ExecutorFactory executors = [&]() -> std::unique_ptr<Executor> {
      if (by_snapshots) {
        return std::make_unique<SnapshotExecutor>(pool, nullptr);
      }
      return std::make_unique<ColdExecutor>();
    };
    SweepProgress silent;
    Cost cost;
    {
      Store store(file, Store::Mode::kCreate);
      const SweepResult result = RunSweep(loaded_, options, store, executors, silent);
      cost.runs = result.runs;
      cost.snapshots = pool.counts().snapshots;
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

// Sweeps by snapshots: what to add to the table, and whether all is as it is wanted.
bool MeasureSnapshots(Benchmark& benchmark, double bare_ms, int rounds, std::vector<int> sizes,
                      Table& table) {
  std::vector<double> one;
  std::vector<double> two;
  for (int round = 0; round < rounds; ++round) {
    one.push_back(benchmark.Sweep(1, /*by_snapshots=*/true).ms_per_run);
    two.push_back(benchmark.Sweep(2, /*by_snapshots=*/true).ms_per_run);
  }
  const double ratio = Median(one) / bare_ms;
  table.AddRow({"snapshots, one job, per run", fmt::format("{:.0f}", Median(one)),
                fmt::format("{:.2f}", ratio), fmt::format("{:.2f}", kWantedSnapshot)});
  table.AddRow({"snapshots, two jobs, per run", fmt::format("{:.0f}", Median(two)),
                fmt::format("{:.2f}", Median(two) / bare_ms), ""});
  std::sort(sizes.begin(), sizes.end());
  std::optional<double> first_ms;
  double growth = 1;
  for (const int size : sizes) {
    const Cost cost = benchmark.Sweep(2, /*by_snapshots=*/true, size);
    growth = cost.ms_per_run / first_ms.value_or(cost.ms_per_run);
    first_ms = first_ms.value_or(cost.ms_per_run);
    table.AddRow({fmt::format("{} runs, {} of them forked, per run", cost.runs, cost.snapshots),
                  fmt::format("{:.0f}", cost.ms_per_run),
                  fmt::format("{:.2f}", cost.ms_per_run / bare_ms), ""});
  }
  return ratio <= kWantedSnapshot && growth <= kWantedGrowth;
}

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
  std::string executor = "cold";
  std::vector<int> sizes;
  app.add_option("--executor", executor, "snapshot: sweeps by snapshots are measured as well")
      ->check(CLI::IsMember({"cold", "snapshot"}));
  app.add_option("--sizes", sizes, "with snapshots: sweeps of so many runs, to see what grows")
      ->check(CLI::Range(1, 100'000));
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
  bool as_wanted = one_ratio <= kWantedOneJob && two_ratio <= kWantedTwoJobs;
  if (executor == "snapshot") {
    as_wanted &= MeasureSnapshots(benchmark, Median(bare), rounds, sizes, table);
  }
  PrintResult("{}harness CPU per run: {:.1f} ms\nstore: {:.0f} KiB per 1,000 runs\n",
              table.ToString(), cost.harness_cpu_ms, cost.store_kib);
  return as_wanted ? 0 : 1;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-sweep-benchmark", argc, argv, faultline::Main);
}
