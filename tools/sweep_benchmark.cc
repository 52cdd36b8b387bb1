// What a sweep costs per site: its wall time against the target's own start and stop, with one and
// with two jobs, measured in turns; the harness's CPU time per run; how the store grows. How the
// bare target itself fares with a second one beside it is told too: no cold sweep can be better.
// With --executor snapshot what visits by snapshots of all leaf points cost, in wall time and in
// CPU time (which other work on the machine changes less), how that grows with the number of sites,
// and apart from it what confirming costs.
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
#include "tools/visit_cost.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// The figures that the project wants.
constexpr double kWantedOneJob = 1.10;
constexpr double kWantedTwoJobs = 0.60;
constexpr double kWantedGrowth = 1.25;  // of the time per site, from the fewest to the most sites
constexpr int kBareRuns = 5;            // at a time, in each round

struct Cost {
  double ms_per_run = 0;
  double harness_cpu_ms = 0;  // per run
  double store_kib = 0;       // per 1,000 runs
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

  double BareCpuMs() {
    const double before = CpuMs();
    for (int i = 0; i < kBareRuns; ++i) {
      BareMs();
    }
    return (CpuMs() - before) / kBareRuns;
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
    SweepOptions options = Options(jobs);
    options.budget.runs = runs_;
    const ExecutorFactory executors = [] { return std::make_unique<ColdExecutor>(); };
    SweepProgress silent;
    Cost cost;
    {
      Store store(file, Store::Mode::kCreate);
      const SweepResult result = RunSweep(loaded_, options, store, executors, silent);
      cost.runs = result.runs;
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

  // So many visits of the leaf points, taken evenly from all, then what is to be confirmed of them,
  // for at most that long: each finding takes about ten cold runs. `compare`: the visits are made
  // cold as well.
  VisitCost Visit(int jobs, size_t visits, const Budget& confirming, bool compare) {
    Store store(directory_.path() / fmt::format("{}.db", ++stores_), Store::Mode::kCreate);
    SweepOptions options = Options(jobs);
    options.selection.leaves = true;
    options.most_plans = visits;
    options.confirm = false;
    SnapshotPool pool;
    options.snapshots = &pool;
    VisitProgress progress;
    SweepResult result = RunSweep(
        loaded_, options, store, [&] { return std::make_unique<SnapshotExecutor>(pool, nullptr); },
        progress);
    VisitCost cost;
    cost.visits = std::max<int64_t>(1, static_cast<int64_t>(store.RunKeys().size()));
    cost.snapshots = pool.counts().snapshots;
    cost.carriers = pool.counts().carriers;
    cost.ms = static_cast<double>(result.elapsed_ms) / static_cast<double>(cost.visits);
    cost.cpu_ms = (CpuMs() - progress.cpu_ms()) / static_cast<double>(cost.visits);
    cost.ms_by_outcome = progress.ms_by_outcome();
    cost.cold = pool.counts().cold;
    const ExecutorFactory cold = [] { return std::make_unique<ColdExecutor>(); };
    if (compare) {
      PrintMessage("the same visits, cold\n");
      Store other(directory_.path() / fmt::format("{}.db", ++stores_), Store::Mode::kCreate);
      options.snapshots = nullptr;
      VisitProgress cold_progress;
      RunSweep(loaded_, options, other, cold, cold_progress);
      cost.agreement = CompareVisits(store, other);
    }
    if (confirming.time_ms == 0) {
      return cost;
    }
    PrintMessage("confirming\n");
    options.confirm = true;
    options.budget = confirming;
    options.snapshots = nullptr;
    SweepProgress silent;
    result = RunSweep(loaded_, options, store, cold, silent);
    cost.confirming_s = static_cast<double>(result.elapsed_ms) / 1000;
    cost.confirming_runs = result.runs;
    return cost;
  }

  const std::string& name() const { return loaded_.scenario.name; }

 private:
  SweepOptions Options(int jobs) const {
    SweepOptions options;
    options.program = program_;
    options.agent = RequireAgent(OwnDirectory());
    options.cache_dir = directory_.path() / "cache";
    options.jobs = jobs;
    return options;
  }

  LoadedScenario loaded_;
  fs::path program_;
  int runs_;
  RunDirectory directory_;
  int stores_ = 0;
};

// How visits by snapshots are measured.
struct SnapshotSettings {
  std::vector<int> sizes;  // so many visits each time
  std::vector<int> jobs = {1, 2};
  double wanted_ratio = 0.20;
  Budget confirming;
  bool compare = false;
};

// Which visits were cold, and which did not come to the same as cold ones.
void TellDifferences(const VisitCost& cost, bool compare) {
  for (const auto& [why, cold] : cost.cold) {
    PrintResult("cold: {} ({})\n", why, cold.runs);
  }
  if (compare) {
    PrintResult("{}", Describe(cost.agreement, "by snapshots", "cold"));
  }
}

// Visits by snapshots: their table, and whether all is as it is wanted.
bool MeasureSnapshots(Benchmark& benchmark, double bare_ms, SnapshotSettings settings) {
  const double bare_cpu_ms = benchmark.BareCpuMs();
  Table table({"visits by snapshots", "ms each", "ratio", "CPU ms each", "ratio", "wanted",
               "starts", "confirming"});
  table.AddRow({"bare start and stop", fmt::format("{:.0f}", bare_ms), "1.00",
                fmt::format("{:.0f}", bare_cpu_ms), "1.00", "", "", ""});
  Table lives({"jobs", "visits", "outcome", "number", "ms each, median"});
  std::sort(settings.sizes.begin(), settings.sizes.end());
  bool as_wanted = true;
  for (const int jobs : settings.jobs) {
    std::optional<double> first_ms;
    for (const int size : settings.sizes) {
      const VisitCost cost =
          benchmark.Visit(jobs, static_cast<size_t>(size), settings.confirming, settings.compare);
      TellDifferences(cost, settings.compare);
      const double ratio = cost.ms / bare_ms;
      first_ms = first_ms.value_or(cost.ms);
      as_wanted &= ratio <= settings.wanted_ratio && cost.ms <= kWantedGrowth * *first_ms;
      table.AddRow({fmt::format("{}, {} of them forked, {} job{}", cost.visits, cost.snapshots,
                                jobs, jobs == 1 ? "" : "s"),
                    fmt::format("{:.0f}", cost.ms), fmt::format("{:.2f}", ratio),
                    fmt::format("{:.0f}", cost.cpu_ms),
                    fmt::format("{:.2f}", cost.cpu_ms / bare_cpu_ms),
                    fmt::format("{:.2f}", settings.wanted_ratio), std::to_string(cost.carriers),
                    fmt::format("{} runs, {:.0f} s", cost.confirming_runs, cost.confirming_s)});
      for (const auto& [outcome, ms] : cost.ms_by_outcome) {
        lives.AddRow({std::to_string(jobs), std::to_string(cost.visits), outcome,
                      std::to_string(ms.size()), fmt::format("{:.0f}", Median(ms))});
      }
    }
  }
  PrintResult("{}\n{}", table.ToString(), lives.ToString());
  return as_wanted;
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
  SnapshotSettings snapshots;
  std::string confirming = "20s";
  app.add_option("--executor", executor,
                 "snapshot: visits by snapshots are measured, and no cold sweeps")
      ->check(CLI::IsMember({"cold", "snapshot"}));
  app.add_option("--sizes", snapshots.sizes,
                 "with snapshots: so many visits (100,500,1000), to see what grows; --runs of them "
                 "by default")
      ->delimiter(',')
      ->check(CLI::Range(1, 100'000));
  app.add_option("--confirm", confirming,
                 "with snapshots: how long what the visits found is confirmed, 0s: not at all")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_option("--wanted", snapshots.wanted_ratio,
                 "with snapshots: the wanted ratio of a visit to a bare start and stop")
      ->check(CLI::Range(0.01, 10.0));
  app.add_option("--jobs", snapshots.jobs, "with snapshots: so many runs at a time; 1,2 by default")
      ->delimiter(',')
      ->check(CLI::Range(1, 64));
  app.add_flag(
      "--compare", snapshots.compare,
      "with snapshots: the visits are made cold as well, and what came of them is compared");
  app.add_option("--rounds", rounds, "sweeps of each kind")->check(CLI::Range(1, 1'000));
  CLI11_PARSE(app, argc, argv);
  snapshots.confirming = confirming == "0s" ? Budget{.time_ms = 0} : ParseBudget(confirming);
  Benchmark benchmark(scenario, program, runs);
  PrintMessage("bare start and stop\n");
  benchmark.BareMs();  // fills the caches
  std::vector<double> bare;
  if (executor == "snapshot") {
    for (int i = 0; i < rounds * kBareRuns; ++i) {
      bare.push_back(benchmark.BareMs());
    }
    if (snapshots.sizes.empty()) {
      snapshots.sizes = {runs};
    }
    return MeasureSnapshots(benchmark, Median(bare), snapshots) ? 0 : 1;
  }
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
  const bool as_wanted = one_ratio <= kWantedOneJob && two_ratio <= kWantedTwoJobs;
  PrintResult("{}harness CPU per run: {:.1f} ms\nstore: {:.0f} KiB per 1,000 runs\n",
              table.ToString(), cost.harness_cpu_ms, cost.store_kib);
  return as_wanted ? 0 : 1;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-sweep-benchmark", argc, argv, faultline::Main);
}
