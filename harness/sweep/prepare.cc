#include "harness/sweep/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/failure.h"
#include "harness/protocol/layout.h"
#include "harness/run/fault_free.h"
#include "harness/run/limits.h"
#include "harness/run/run_keys.h"
#include "harness/sweep/census.h"

namespace faultline {
namespace {

class Preparation {
 public:
  Preparation(const SweepOptions& options, Store& store, RunQueue& queue, SweepContext& context,
              SweepProgress& progress, SweepResult& result)
      : options_(options),
        store_(store),
        queue_(queue),
        context_(context),
        progress_(progress),
        result_(result) {}

  bool Prepare() {
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
    context_.limits_of_others_ms =
        LimitsOfOthers(context_.scenario, &context_.fault_free, CalibratedLimits);
    context_.brief_limits_of_others_ms =
        LimitsOfOthers(context_.scenario, &context_.fault_free, BriefLimits);
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

 private:
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
        fault_free =
            DescribeFaultFree(*evidence, context_.catalogue, context_.profile, &context_.scenario);
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

  const SweepOptions& options_;
  Store& store_;
  RunQueue& queue_;
  SweepContext& context_;
  SweepProgress& progress_;
  SweepResult& result_;
};

}  // namespace

bool Wants(const SweepOptions& options, SweepMode mode) {
  return std::find(options.modes.begin(), options.modes.end(), mode) != options.modes.end();
}

SweepContext MakeContext(const LoadedScenario& loaded, const SweepOptions& options) {
  const Scenario& written = loaded.scenario;
  SweepContext context;
  context.scenario = written.faults.empty() ? written : FaultFreeScenario(written);
  context.scenario.known_findings.clear();
  context.profile = loaded.profile;
  context.catalogue = SelectPoints(loaded.catalogue, options.selection);
  context.all_points = loaded.catalogue;
  context.program = options.program;
  context.agent = options.agent;
  context.cache_dir = options.cache_dir;
  context.run_root = options.run_root;
  context.nested = options.selection.nested;
  context.life = options.selection.life;
  context.shard = options.shard.is_whole() ? "" : options.shard.ToString();
  context.find_new_sites = Wants(options, SweepMode::kPair);
  if (Wants(options, SweepMode::kStopRpc) && context.profile.stop_rpc.method.empty()) {
    throw Failure::BadInput("--modes stop-rpc: the profile " + context.profile.name +
                            " has no stop_rpc");
  }
  if (Wants(options, SweepMode::kDropConnection) && !context.profile.rpc) {
    throw Failure::BadInput("--modes drop-connection: the profile " + context.profile.name +
                            " has no rpc");
  }
  return context;
}

bool Prepare(const SweepOptions& options, Store& store, RunQueue& queue, SweepContext& context,
             SweepProgress& progress, SweepResult& result) {
  return Preparation(options, store, queue, context, progress, result).Prepare();
}

}  // namespace faultline
