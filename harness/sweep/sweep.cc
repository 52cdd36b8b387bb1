#include "harness/sweep/sweep.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <thread>

#include "harness/base/failure.h"
#include "harness/protocol/layout.h"
#include "harness/run/fault_free.h"
#include "harness/run/limits.h"
#include "harness/run/module_cache.h"
#include "harness/sweep/census.h"
#include "harness/sweep/confirm.h"
#include "harness/sweep/telling_order.h"
#include "harness/sweep/visitor.h"
#include "harness/target/interruption.h"
#include "harness/target/machine.h"

namespace faultline {
namespace {

// A run that takes so many times as long as a fault-free one most likely hangs.
constexpr int kSlowFactor = 3;

std::string MachineText() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{}, {} CPUs, {} {}", name.nodename, std::thread::hardware_concurrency(),
                     name.sysname, name.release);
}

class Sweep {
 public:
  Sweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
        const ExecutorFactory& make_executor, SweepProgress& progress)
      : options_(options), store_(store), make_executor_(make_executor), progress_(progress) {
    const Scenario& written = loaded.scenario;
    context_.scenario = written.faults.empty() ? written : FaultFreeScenario(written);
    context_.scenario.known_findings.clear();
    context_.profile = loaded.profile;
    context_.catalogue = SelectPoints(loaded.catalogue, options.selection);
    context_.program = options.program;
    context_.agent = options.agent;
    context_.cache_dir = options.cache_dir;
    context_.run_root = options.run_root;
    context_.nested = options.selection.nested;
    context_.shard = options.shard.is_whole() ? "" : options.shard.ToString();
    context_.find_new_sites = Wants(SweepMode::kPair);
    if (Wants(SweepMode::kStopRpc) && context_.profile.stop_rpc.method.empty()) {
      throw Failure::BadInput("--modes stop-rpc: the profile " + context_.profile.name +
                              " has no stop_rpc");
    }
    if (Wants(SweepMode::kDropConnection) && !context_.profile.rpc) {
      throw Failure::BadInput("--modes drop-connection: the profile " + context_.profile.name +
                              " has no rpc");
    }
  }

  SweepResult Run() {
    store_.AddEnvironment({context_.scenario.name, context_.scenario.file,
                           ScenarioKey(context_.scenario, context_.profile), context_.profile.name,
                           options_.program.string(), ProgramKey(options_.program), MachineText(),
                           options_.version});
    if (options_.coverage) {
      CountLinesBelow(options_.coverage->fault_free_prefix());
    }
    try {
      if (!PrepareCensus()) {
        return std::move(result_);
      }
      VisitAndConfirm();
    } catch (const Interrupted& interrupted) {
      result_.interrupted = interrupted.signal();
    }
    Count();
    return std::move(result_);
  }

 private:
  void VisitAndConfirm() {
    plans_ = FirstOrderPlans();
    Visit();
    if (Wants(SweepMode::kPair)) {
      AddPairs();
      Visit();
    }
    if (spending_) {
      ConfirmFindings(context_, store_, *slots_, *spending_, make_executor_, plans_,
                      [this](const FindingGroup& group) { progress_.Confirmed(group); });
    }
    if (options_.coverage && (spending_ || store_.Lines().empty())) {
      store_.AddLines(options_.coverage->Read());
    }
  }

  bool Wants(SweepMode mode) const {
    return std::find(options_.modes.begin(), options_.modes.end(), mode) != options_.modes.end();
  }

  RunRequest FaultFreeRequest() const {
    RunRequest request{context_.scenario, context_.profile, context_.catalogue};
    request.program = options_.program;
    request.agent = options_.agent;
    request.limits_ms = context_.scenario.limits_ms;
    request.run_root = options_.run_root;
    request.cache_dir = options_.cache_dir;
    return request;
  }

  // For runs from here on. After the scenario's key was taken: where lines are counted makes no
  // other sweep.
  void CountLinesBelow(const std::filesystem::path& prefix) {
    context_.profile.environment["GCOV_PREFIX"] = prefix;
  }

  // From the store, or by fault-free runs. False when those have findings of their own.
  bool PrepareCensus() {
    std::optional<Store::Census> census = store_.FindCensus(CensusKey());
    if (!census) {
      CensusResult taken =
          TakeCensus(FaultFreeRequest(), options_.selection, *make_executor_(),
                     [this](int run, size_t sites) { progress_.CensusRun(run, sites); });
      if (!taken.findings.empty()) {
        result_.fault_free_findings = std::move(taken.findings);
        return false;
      }
      taken.census.selection = CensusKey();
      store_.AddCensus(taken.census);
      census = std::move(taken.census);
      result_.census_ms = census->elapsed_ms;
    }
    const std::optional<FaultFreeRun> fault_free = FaultFreeFromJson(census->calibration);
    // The lines that fault-free runs execute are not in the store.
    const bool lines_wanted = options_.coverage.has_value() && result_.census_ms == 0;
    context_.fault_free = fault_free && !lines_wanted
                              ? *fault_free
                              : RunFaultFree(FaultFreeRequest(), *make_executor_());
    context_.limits_ms = CalibratedLimits(context_.scenario.limits_ms, context_.fault_free);
    context_.brief_limits_ms = BriefLimits(context_.scenario.limits_ms, context_.fault_free);
    result_.fault_free_ms = census->run_ms;
    result_.objects_unseen =
        std::none_of(context_.fault_free.groups.begin(), context_.fault_free.groups.end(),
                     [](const ObjectGroup& group) { return group.created > 0; });
    return true;
  }

  std::vector<SweepPlan> FirstOrderPlans() {
    std::vector<StoredSite> sites;
    for (StoredSite& site : store_.Sites()) {
      if (site.seen_after.empty()) {
        context_.known_sites.insert(site.hash);
        if (options_.selection.SelectsSite(site)) {
          sites.push_back(std::move(site));
        }
      }
    }
    if (options_.random_seed) {
      sites = RandomOrder(std::move(sites), *options_.random_seed);
    } else if (options_.budget.is_limited()) {
      sites = TellingOrder(sites);
    }
    return MakePlans(sites, options_.modes, options_.occurrences, context_.profile.stop_rpc);
  }

  void AddPairs() {
    std::map<std::string, StoredSite> sites;
    for (StoredSite& site : store_.Sites()) {
      sites[site.hash] = std::move(site);
    }
    for (const auto& [hash, site] : sites) {
      const auto first = sites.find(site.seen_after);
      if (first != sites.end() && options_.selection.SelectsSite(site)) {
        plans_.push_back(MakePairPlan(first->second, site));
      }
    }
  }

  // Visits those of plans_ that are this shard's and not yet in the store.
  void Visit() {
    const std::vector<Batch> batches = MakeBatches(plans_, options_.shard);
    const std::set<std::string> known = store_.RunKeys();
    size_t plans = 0;
    size_t done = 0;
    for (const Batch& batch : batches) {
      for (const SweepPlan& plan : batch.plans) {
        ++plans;
        done += known.count(plan.key);
      }
    }
    if (result_.plans == 0) {
      result_.done_before = done;
    }
    result_.plans = plans;
    progress_.Begin(plans, done);
    if (done == plans && AllConfirmed()) {
      return;
    }
    Prepare();
    Visitor visitor(context_, store_, *slots_, *spending_, make_executor_,
                    [this](const StoredRun& run) { progress_.Visited(run); });
    visitor.VisitAll(batches);
    for (const Visitor::NoVerdict& one : visitor.no_verdicts()) {
      result_.no_verdicts.push_back(one.key + ": " + one.why);
    }
  }

  // As far as they can be, by the plans of this command.
  bool AllConfirmed() {
    std::set<std::string> keys;
    for (const SweepPlan& plan : plans_) {
      keys.insert(plan.key);
    }
    const std::vector<FindingGroup> groups = store_.Findings();
    return std::none_of(groups.begin(), groups.end(), [&](const FindingGroup& group) {
      return group.tries < kConfirmationRuns &&
             std::any_of(group.run_keys.begin(), group.run_keys.end(),
                         [&](const std::string& key) { return keys.contains(key); });
    });
  }

  // What was asked for, as far as it decides about the sites.
  std::string CensusKey() const {
    uint64_t hash = 0;
    for (const FaultPoint& point : context_.catalogue.points) {
      hash = protocol::HashMix(hash, protocol::HashText(point.name));
      for (const std::string& symbol : point.symbols) {
        hash = protocol::HashMix(hash, protocol::HashText(symbol));
      }
      for (const Condition& condition : point.when) {
        hash = protocol::HashMix(hash, static_cast<uint64_t>(condition.kind));
        hash = protocol::HashMix(hash, static_cast<uint64_t>(condition.argument));
        hash = protocol::HashMix(hash, condition.value);
      }
    }
    for (const std::string& group : context_.catalogue.allocations) {
      hash = protocol::HashMix(hash, protocol::HashText(group));
    }
    return fmt::format("{}; catalogue {:016x}, observers {}", options_.selection.CensusKey(), hash,
                       ObserverKey(context_.catalogue));
  }

  // What runs need: places and a budget.
  void Prepare() {
    if (spending_) {
      return;
    }
    if (options_.coverage) {
      CountLinesBelow(options_.coverage->swept_prefix());
    }
    spending_.emplace(options_.budget);
    const std::chrono::milliseconds slow(
        std::max<int64_t>(1'000, kSlowFactor * result_.fault_free_ms));
    slots_.emplace(JobsWithHugepages(), slow);
  }

  // As many jobs as the machine has hugepages for. They are held until the sweep ends: two runs
  // that each looked for free ones could both count on the same.
  int JobsWithHugepages() {
    const int mb = context_.scenario.resources.HugepagesMb();
    for (int jobs = options_.jobs; mb > 0 && jobs > 1; --jobs) {
      try {
        hugepages_.emplace(mb * jobs);
        return jobs;
      } catch (const Failure&) {
        // too many at a time
      }
    }
    return mb > 0 ? 1 : options_.jobs;  // a run alone reserves its own
  }

  void Count() {
    if (spending_) {
      result_.runs = spending_->runs();
      result_.elapsed_ms = spending_->elapsed_ms();
    }
    std::set<std::string> done;
    for (const StoredRun& run : store_.Runs()) {
      ++result_.outcomes[run.outcome];
      done.insert(run.key);
    }
    for (const Batch& batch : MakeBatches(plans_, options_.shard)) {
      for (const SweepPlan& plan : batch.plans) {
        result_.remaining += done.contains(plan.key) ? 0 : 1;
      }
    }
  }

  const SweepOptions& options_;
  Store& store_;
  const ExecutorFactory& make_executor_;
  SweepProgress& progress_;
  SweepContext context_;
  SweepResult result_;
  std::vector<SweepPlan> plans_;
  std::optional<HugepageBudget> hugepages_;
  std::optional<Spending> spending_;
  std::optional<Slots> slots_;
};

}  // namespace

SweepResult RunSweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
                     const ExecutorFactory& make_executor, SweepProgress& progress) {
  return Sweep(loaded, options, store, make_executor, progress).Run();
}

}  // namespace faultline
