#include "harness/sweep/sweep.h"
#include "harness/sweep/selected_sites.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <thread>

#include "harness/base/failure.h"
#include "harness/run/module_cache.h"
#include "harness/run/run_keys.h"
#include "harness/sweep/census.h"
#include "harness/sweep/confirm.h"
#include "harness/sweep/impossible_sites.h"
#include "harness/sweep/novelty_order.h"
#include "harness/sweep/prepare.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/visits.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

constexpr int kControlsPerJob = 2;

std::string MachineText() {
  utsname name{};
  ::uname(&name);
  return fmt::format("{}, {} CPUs, {} {}", name.nodename, std::thread::hardware_concurrency(),
                     name.sysname, name.release);
}

std::vector<SweepPlan> TakeEvenly(std::vector<SweepPlan> plans, size_t most) {
  std::vector<SweepPlan> taken;
  const size_t all = plans.size();
  for (size_t i = 0; i < all; ++i) {
    if (i * most / all != (i + 1) * most / all || most >= all) {
      taken.push_back(std::move(plans[i]));
    }
  }
  return taken;
}

class Sweep {
 public:
  Sweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store, Workers& workers,
        SweepProgress& progress)
      : options_(options),
        store_(store),
        progress_(progress),
        context_(MakeContext(loaded, options)),
        queue_(context_, workers, options.jobs, options.budget),
        knowledge_(context_.all_points),
        check_(options.snapshots, options.choose_executor) {}

  SweepResult Run() {
    store_.AddEnvironment({context_.scenario.name, context_.scenario.file,
                           ScenarioKey(context_.scenario, context_.profile), context_.profile.name,
                           options_.program.string(), ProgramKey(options_.program), MachineText(),
                           options_.version,
                           RulesKey(context_.scenario, context_.profile, context_.all_points)});
    if (options_.coverage) {
      CountLinesBelow(options_.coverage->fault_free_prefix());
    }
    if (Prepare(options_, store_, queue_, context_, progress_, result_)) {
      VisitAndConfirm();
    }
    result_.no_verdicts = queue_.no_verdicts();
    result_.too_busy = queue_.too_busy();
    result_.interrupted = queue_.interrupted();
    Count();
    if (options_.snapshots != nullptr) {
      result_.snapshots = check_.Report();
    }
    return std::move(result_);
  }

 private:
  void VisitAndConfirm() {
    const ImpossibleSites kept(
        options_.cache_dir,
        ImpossibleSitesKey(options_.program, context_.scenario, context_.profile,
                           context_.all_points, options_.cache_dir));
    plans_ = FirstOrderPlans();
    if (!options_.visit_impossible) {
      Recall(kept.Load());
    }
    LeaveOutImpossible();
    if (options_.dry_run) {
      Plan();
      return;
    }
    Work();
    if (Wants(options_, SweepMode::kPair) && !queue_.stopped()) {
      AddPairs();
      LeaveOutImpossible();
      Work();
    }
    // Whatever ended the sweep: what was learnt spares the next one its visits.
    kept.Add(knowledge_.Impossible());
    if (plans_.empty() && !result_.unchanged && result_.impossible.empty() && !queue_.stopped()) {
      throw Failure::BadInput(
          "there is nothing to visit: a pair needs a failure that comes first, --modes "
          "transient,pair");
    }
    const bool lines_wanted = is_working_ || store_.Lines().empty();
    if (options_.coverage && lines_wanted && !queue_.stopped()) {
      store_.AddLines(options_.coverage->Read());
    }
  }

  void Plan() {
    const std::set<std::string> done = store_.RunKeys();
    for (const Batch& batch : MakeBatches(plans_, options_.shard, IsInOrder())) {
      for (const SweepPlan& plan : batch.plans) {
        if (!done.contains(plan.key)) {
          result_.planned.push_back({plan.key, plan.site.hash, plan.site.point});
        }
      }
    }
  }

  void Recall(const std::map<std::string, std::string>& impossible) {
    for (const auto& [site, why] : impossible) {
      StoredSite known;
      known.hash = site;
      knowledge_.AddImpossible(known, {StoredProof::State::kMissing, why, ""});
    }
  }

  void RecallCatalogue() {
    for (const StoredSite& site : store_.Sites()) {
      if (const CallPattern* never = NeverFails(site, context_.all_points)) {
        knowledge_.AddImpossible(site, {StoredProof::State::kMissing, never->why, ""});
      }
    }
  }

  // Plans that this store does not have yet and that would make a call fail that never does.
  void LeaveOutImpossible() {
    if (options_.visit_impossible) {
      return;
    }
    RecallCatalogue();
    const std::map<std::string, std::string> sites = knowledge_.Impossible();
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

  // For runs from here on. After the scenario's key was taken: where lines are counted makes no
  // other sweep.
  void CountLinesBelow(const std::filesystem::path& prefix) {
    context_.profile.environment["GCOV_PREFIX"] = prefix;
  }

  std::vector<SweepPlan> FirstOrderPlans() {
    std::vector<StoredSite> sites = store_.Sites();
    std::erase_if(sites, [](const StoredSite& site) { return !site.seen_after.empty(); });
    for (const StoredSite& site : sites) {
      context_.known_sites.insert(site.hash);
    }
    SelectedSites selected = RequireSites(sites, options_.selection);
    result_.unchanged = !selected.any;
    result_.unmatched = std::move(selected.unmatched);
    std::erase_if(sites,
                  [&](const StoredSite& site) { return !options_.selection.SelectsSite(site); });
    if (options_.random_seed) {
      sites = RandomOrder(std::move(sites), *options_.random_seed);
    } else if (options_.budget.is_limited()) {
      sites = NearestFirst(NoveltyOrder(sites), options_.selection);
    }
    std::vector<SweepPlan> plans =
        MakePlans(sites, options_.modes, options_.occurrences, context_.profile.stop_rpc);
    if (options_.most_plans > 0) {
      plans = TakeEvenly(std::move(plans), options_.most_plans);
    }
    if (options_.snapshots != nullptr && !options_.dry_run) {
      check_.Expect(plans.size());
      try {
        ArrangeForSnapshots(plans, options_.snapshots->Order(StartRequest()),
                            options_.choose_executor,
                            options_.budget.is_limited() || options_.random_seed.has_value());
      } catch (const Interrupted& interrupted) {
        queue_.StopFor(interrupted.signal());
      }
    }
    return plans;
  }

  // What a carrier is made by.
  RunRequest StartRequest() const {
    RunRequest request{context_.scenario, context_.profile, context_.catalogue};
    request.program = context_.program;
    request.agent = context_.agent;
    request.limits_ms = context_.limits_ms;
    request.run_root = context_.run_root;
    request.cache_dir = context_.cache_dir;
    return request;
  }

  // Plans come in the order in which a carrier makes their calls.
  bool IsInOrder() const { return options_.snapshots != nullptr; }

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

  // Visits those of plans_ that are this shard's and not yet in the store, and confirms what they
  // show. Of a budget what an earlier command left untried comes first, and what confirming did not
  // need of its share goes to more visits.
  void Work() {
    const std::vector<Batch> batches = MakeBatches(plans_, options_.shard, IsInOrder());
    if (Begin(batches) == 0 && !AnyToConfirm(context_, store_, plans_, knowledge_)) {
      return;
    }
    BeginWork();
    if (options_.budget.is_limited()) {
      Confirm();
    }
    Visits visits(context_, store_, queue_, options_.visit_impossible ? nullptr : &knowledge_,
                  check_,
                  {[this](const StoredRun& run) { progress_.Visited(run); },
                   [this](size_t plans) { progress_.LeftOut(plans); }});
    visits.Add(batches);
    size_t before = 0;
    do {
      before = visits.left();
      visits.Visit();
      Confirm();
      visits.ForgetCost();
    } while (visits.left() > 0 && visits.left() < before && !queue_.stopped() &&
             queue_.MaySpend(QueueRequest::Purpose::kVisit));
  }

  // Tells how many plans there are; returns how many of them are not done.
  size_t Begin(const std::vector<Batch>& batches) {
    result_.plans = 0;
    for (const Batch& batch : batches) {
      result_.plans += batch.plans.size();
    }
    const size_t left = CountLeft(batches);
    if (!has_begun_) {
      has_begun_ = true;
      result_.done_before = result_.plans - left;
    }
    progress_.Begin(result_.plans, result_.plans - left);
    return left;
  }

  size_t CountLeft(const std::vector<Batch>& batches) {
    const std::set<std::string> done = store_.RunKeys();
    size_t left = 0;
    for (const Batch& batch : batches) {
      for (const SweepPlan& plan : batch.plans) {
        left += done.contains(plan.key) ? 0 : 1;
      }
    }
    return left;
  }

  void Confirm() {
    if (!queue_.stopped() && options_.confirm) {
      ConfirmFindings(context_, store_, queue_, plans_, knowledge_,
                      [this](const FindingGroup& group) { progress_.Confirmed(group); });
    }
  }

  void BeginWork() {
    if (!is_working_) {
      is_working_ = true;
      if (store_.RunKeys().empty() && options_.confirm) {
        result_.control_findings = RunControls(queue_, kControlsPerJob * options_.jobs);
      }
      if (options_.coverage) {
        CountLinesBelow(options_.coverage->swept_prefix());
      }
    }
    queue_.BeginSpending();
  }

  void Count() {
    LeaveOutImpossible();
    result_.runs = queue_.runs();
    result_.elapsed_ms = queue_.elapsed_ms();
    for (const StoredRun& run : store_.Runs()) {
      ++result_.outcomes[run.outcome];
    }
    const std::vector<Batch> batches = MakeBatches(plans_, options_.shard, IsInOrder());
    result_.plans = 0;
    for (const Batch& batch : batches) {
      result_.plans += batch.plans.size();
    }
    result_.remaining = CountLeft(batches);
  }

  const SweepOptions& options_;
  Store& store_;
  SweepProgress& progress_;
  SweepContext context_;
  RunQueue queue_;
  ProofKnowledge knowledge_;
  SnapshotCheck check_;
  SweepResult result_;
  std::vector<SweepPlan> plans_;
  bool has_begun_ = false;
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
