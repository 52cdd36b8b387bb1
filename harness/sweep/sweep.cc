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
#include "harness/sweep/impossible_sites.h"
#include "harness/sweep/novelty_order.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/visits.h"

namespace faultline {
namespace {

constexpr int kControlsPerJob = 2;

std::string MachineText() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{}, {} CPUs, {} {}", name.nodename, std::thread::hardware_concurrency(),
                     name.sysname, name.release);
}

class Sweep {
 public:
  Sweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store, Workers& workers,
        SweepProgress& progress)
      : options_(options),
        store_(store),
        progress_(progress),
        queue_(context_, workers, options.jobs, options.budget) {
    const Scenario& written = loaded.scenario;
    context_.scenario = written.faults.empty() ? written : FaultFreeScenario(written);
    context_.scenario.known_findings.clear();
    context_.profile = loaded.profile;
    rules_key_ = RulesKey(context_.scenario, loaded.profile, loaded.catalogue);
    context_.catalogue = SelectPoints(loaded.catalogue, options.selection);
    context_.all_points = loaded.catalogue;
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
                           options_.version, rules_key_});
    if (options_.coverage) {
      CountLinesBelow(options_.coverage->fault_free_prefix());
    }
    if (PrepareCensus()) {
      VisitAndConfirm();
    }
    result_.no_verdicts = queue_.no_verdicts();
    result_.too_busy = queue_.too_busy();
    result_.interrupted = queue_.interrupted();
    Count();
    return std::move(result_);
  }

 private:
  void VisitAndConfirm() {
    const ImpossibleSites impossible(
        options_.cache_dir,
        ImpossibleSitesKey(options_.program, context_.scenario, context_.profile,
                           context_.all_points, options_.cache_dir));
    plans_ = FirstOrderPlans();
    LeaveOutImpossible(impossible);
    Visit();
    if (Wants(SweepMode::kPair) && !queue_.stopped()) {
      AddPairs();
      LeaveOutImpossible(impossible);
      Visit();
    }
    if (plans_.empty() && !result_.unchanged && result_.impossible.empty() && !queue_.stopped()) {
      throw Failure::BadInput(
          "there is nothing to visit: a pair needs a failure that comes first, --modes "
          "transient,pair");
    }
    if (is_working_ && !queue_.stopped()) {
      impossible.Add(
          ConfirmFindings(context_, store_, queue_, plans_,
                          [this](const FindingGroup& group) { progress_.Confirmed(group); }));
    }
    const bool lines_wanted = is_working_ || store_.Lines().empty();
    if (options_.coverage && lines_wanted && !queue_.stopped()) {
      store_.AddLines(options_.coverage->Read());
    }
  }

  // Plans that this store does not have yet and that would make a call fail that never does.
  void LeaveOutImpossible(const ImpossibleSites& impossible) {
    if (options_.visit_impossible) {
      return;
    }
    const std::map<std::string, std::string> sites = impossible.Load();
    const std::set<std::string> done = store_.RunKeys();
    std::erase_if(plans_, [&](const SweepPlan& plan) {
      const bool fails =
          std::any_of(plan.faults.begin(), plan.faults.end(),
                      [](const Fault& fault) { return fault.action == Fault::Action::kFail; });
      const auto site = sites.find(plan.site.hash);
      if (!fails || done.contains(plan.key) || site == sites.end()) {
        return false;
      }
      result_.impossible.insert(*site);
      return true;
    });
  }

  bool Wants(SweepMode mode) const {
    return std::find(options_.modes.begin(), options_.modes.end(), mode) != options_.modes.end();
  }

  // For runs from here on. After the scenario's key was taken: where lines are counted makes no
  // other sweep.
  void CountLinesBelow(const std::filesystem::path& prefix) {
    context_.profile.environment["GCOV_PREFIX"] = prefix;
  }

  // From the store, or by fault-free runs. False when those have findings of their own, or were
  // interrupted.
  bool PrepareCensus() {
    std::optional<Store::Census> census = store_.FindCensus(CensusKey());
    if (!census) {
      census = TakeCensus();
      if (!census) {
        return false;
      }
      store_.AddCensus(*census);
      result_.census_ms = census->elapsed_ms;
    }
    std::optional<FaultFreeRun> fault_free = FaultFreeFromJson(census->calibration);
    // The lines that fault-free runs execute are not in the store.
    if (!fault_free || (options_.coverage && result_.census_ms == 0)) {
      fault_free = RunFaultFree();
    }
    if (!fault_free) {
      return false;
    }
    context_.fault_free = std::move(*fault_free);
    context_.limits_ms = CalibratedLimits(context_.scenario.limits_ms, context_.fault_free);
    context_.brief_limits_ms = BriefLimits(context_.scenario.limits_ms, context_.fault_free);
    if (options_.coverage) {
      options_.coverage->RequireCounts();
    }
    queue_.ExpectDuration(std::chrono::milliseconds(census->run_ms));
    result_.fault_free_ms = census->run_ms;
    result_.objects_unseen =
        std::none_of(context_.fault_free.groups.begin(), context_.fault_free.groups.end(),
                     [](const ObjectGroup& group) { return group.created > 0; });
    return true;
  }

  std::optional<Store::Census> TakeCensus() {
    std::optional<CensusResult> taken;
    queue_.RunOne([&](RunQueue::Runner& runner) {
      taken = faultline::TakeCensus(
          {context_.scenario, context_.profile, context_.catalogue}, options_.selection,
          [&](bool record_sites) { return FaultFree(runner, record_sites); },
          [this](int run, size_t sites) { progress_.CensusRun(run, sites); });
    });
    if (!taken) {
      return std::nullopt;
    }
    if (!taken->findings.empty()) {
      result_.fault_free_findings = std::move(taken->findings);
      return std::nullopt;
    }
    taken->census.selection = CensusKey();
    return std::move(taken->census);
  }

  std::optional<FaultFreeRun> RunFaultFree() {
    std::optional<FaultFreeRun> fault_free;
    queue_.RunOne([&](RunQueue::Runner& runner) {
      if (const auto evidence = FaultFree(runner, /*record_sites=*/false)) {
        fault_free = DescribeFaultFree(*evidence, context_.catalogue, context_.profile);
      }
    });
    return fault_free;
  }

  // Nothing when it was interrupted. Throws what kept the run from being made.
  static std::optional<Evidence> FaultFree(RunQueue::Runner& runner, bool record_sites) {
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kCensus;
    request.timeout = Timeout::kUpper;
    request.record_sites = record_sites;
    request.keep_evidence = true;
    request.retries = 0;
    RunResult result = runner.Run(request);
    if (result.failure) {
      std::rethrow_exception(result.failure);
    }
    return std::move(result.evidence);
  }

  std::vector<SweepPlan> FirstOrderPlans() {
    std::vector<StoredSite> sites = store_.Sites();
    std::erase_if(sites, [](const StoredSite& site) { return !site.seen_after.empty(); });
    for (const StoredSite& site : sites) {
      context_.known_sites.insert(site.hash);
    }
    result_.unchanged = !RequireSites(sites, options_.selection);
    std::erase_if(sites,
                  [&](const StoredSite& site) { return !options_.selection.SelectsSite(site); });
    if (options_.random_seed) {
      sites = RandomOrder(std::move(sites), *options_.random_seed);
    } else if (options_.budget.is_limited()) {
      sites = NoveltyOrder(sites);
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
    BeginWork();
    if (queue_.stopped()) {
      return;
    }
    Visits(context_, store_, queue_, [this](const StoredRun& run) {
      progress_.Visited(run);
    }).VisitAll(batches);
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

  void BeginWork() {
    if (!is_working_) {
      is_working_ = true;
      if (store_.RunKeys().empty()) {
        result_.control_findings = RunControls(queue_, kControlsPerJob * options_.jobs);
      }
      if (options_.coverage) {
        CountLinesBelow(options_.coverage->swept_prefix());
      }
    }
    queue_.BeginSpending();
  }

  void Count() {
    result_.runs = queue_.runs();
    result_.elapsed_ms = queue_.elapsed_ms();
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
  SweepProgress& progress_;
  SweepContext context_;
  RunQueue queue_;
  std::string rules_key_;
  SweepResult result_;
  std::vector<SweepPlan> plans_;
  bool is_working_ = false;  // there was something to do
};

}  // namespace

SweepResult RunSweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
                     const ExecutorFactory& make_executor, SweepProgress& progress) {
  ThreadWorkers workers(make_executor);
  return RunSweep(loaded, options, store, workers, progress);
}

SweepResult RunSweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
                     Workers& workers, SweepProgress& progress) {
  return Sweep(loaded, options, store, workers, progress).Run();
}

}  // namespace faultline
