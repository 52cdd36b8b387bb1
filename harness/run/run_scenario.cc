#include "harness/run/run_scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/line_pattern.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/unwinding.h"
#include "harness/run/executed_cache.h"
#include "harness/run/fault_free.h"
#include "harness/run/limits.h"
#include "harness/run/module_cache.h"
#include "harness/run/run_keys.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

// The program whose code is hooked, as far as it is known.
std::filesystem::path Hooked(const LoadedScenario& loaded, const ScenarioOptions& options) {
  const Executed executed =
      ExecutedCache(options.cache_dir, options.program, loaded.scenario, loaded.profile).Recall();
  return executed.empty() ? options.program : executed.program;
}

// One scenario on one program: what its runs have in common.
class ScenarioRunner {
 public:
  ScenarioRunner(const LoadedScenario& loaded, const ScenarioOptions& options, Executor& executor)
      : loaded_(loaded), options_(options), executor_(executor) {}

  // What was remembered of a wrapper may be wrong, which a run finds out: the fault-free run that
  // is known is then that of another program.
  ScenarioResult Run() {
    const std::filesystem::path hooked = Hooked(loaded_, options_);
    ScenarioResult result = RunOnce();
    const bool has_faults = options_.with_faults && !loaded_.scenario.faults.empty();
    return has_faults && hooked != options_.program && Hooked(loaded_, options_) != hooked
               ? RunOnce()
               : result;
  }

 private:
  ScenarioResult RunOnce() {
    const bool with_faults =
        options_.remote_control || (options_.with_faults && !loaded_.scenario.faults.empty());
    std::optional<FaultFreeRun> known = Cache().Load();
    if (!with_faults) {
      return RunWithoutFaults(known);
    }
    if (!known) {
      ScenarioResult fault_free = RunWithoutFaults(std::nullopt);
      if (!fault_free.findings.empty()) {
        fault_free.broken_without_faults = true;
        return fault_free;
      }
      known = Describe(fault_free.evidence);
    }
    return RunWithFaults(*known);
  }

  // That of the program that is hooked now: a run may show that it is another than was thought.
  FaultFreeCache Cache() const {
    return FaultFreeCache(
        options_.cache_dir, ProgramKey(Hooked(loaded_, options_)),
        ScenarioKey(loaded_.scenario, loaded_.profile) + "-" + ObserverKey(loaded_.catalogue));
  }

  const LimitsMs& UpperLimits() const { return loaded_.scenario.limits_ms; }

  // `known` is what the fault-free run took; nullptr: it is this one. `note_changes` as in
  // RunRequest.
  Evidence Execute(const Scenario& scenario, const FaultFreeRun* known, bool note_changes = false) {
    RunRequest request{scenario, loaded_.profile, loaded_.catalogue};
    request.program = options_.program;
    request.agent = options_.agent;
    request.faults = scenario.faults;
    request.limits_ms = known == nullptr ? UpperLimits() : CalibratedLimits(UpperLimits(), *known);
    request.limits_of_others_ms = LimitsOfOthers(scenario, known, CalibratedLimits);
    request.note_changes = note_changes;
    request.fault_free = known;
    request.check_refused = loaded_.scenario.faults.empty();
    request.keep_run_dir = options_.keep_run_dir;
    // The fault-free run that comes before is no run that the user wants to look at.
    request.in_debugger =
        options_.in_debugger && (known != nullptr || loaded_.scenario.faults.empty());
    request.remote_control = options_.remote_control && known != nullptr;
    request.run_root = options_.run_root;
    request.cache_dir = options_.cache_dir;
    return executor_.Execute(request);
  }

  FaultFreeRun Describe(const Evidence& evidence) const {
    return DescribeFaultFree(evidence, loaded_.catalogue, loaded_.profile, &loaded_.scenario);
  }

  ScenarioResult RunWithoutFaults(const std::optional<FaultFreeRun>& known) {
    const Scenario& written = loaded_.scenario;
    const Scenario scenario = written.faults.empty() ? written : FaultFreeScenario(written);
    ScenarioResult result;
    result.evidence = Execute(scenario, known ? &*known : nullptr,
                              /*note_changes=*/!written.faults.empty());
    result.findings = Judge(result.evidence, {scenario, loaded_.profile, loaded_.catalogue, nullptr,
                                              /*is_fault_free=*/!written.faults.empty()});
    result.gave_up = GaveUpCleanly(result.evidence, nullptr);
    if (!known && result.findings.empty()) {
      Cache().Store(Describe(result.evidence));
    }
    return result;
  }

  ScenarioResult RunWithFaults(const FaultFreeRun& fault_free) {
    ScenarioResult result;
    Scenario scenario =
        options_.with_faults ? loaded_.scenario : FaultFreeScenario(loaded_.scenario);
    if (options_.remote_control) {
      scenario.tolerance = Tolerance::kMayFailCleanly;  // no scenario can know what was switched
    }
    result.evidence = Execute(scenario, &fault_free);
    const OracleContext context{scenario, loaded_.profile, loaded_.catalogue, &fault_free};
    result.findings = Judge(result.evidence, context);
    result.leaks_not_judged = WhyLeaksAreNotJudged(result.evidence, context);
    result.gave_up = GaveUpCleanly(result.evidence, &fault_free);
    return result;
  }

  const LoadedScenario& loaded_;
  const ScenarioOptions& options_;
  Executor& executor_;
};

bool RestsOnABusyMachine(const ScenarioResult& result) {
  return !result.findings.empty() && TimedOutStarved(result.evidence);
}

bool Answers(const Finding& finding, const KnownFinding& known) {
  return finding.kind == known.kind &&
         (known.pattern.empty() || LinePattern(known.pattern).Matches(finding.title));
}

}  // namespace

std::vector<KnownFinding> KnownButNotSeen(const std::vector<KnownFinding>& known,
                                          const std::vector<Finding>& findings) {
  std::vector<KnownFinding> not_seen;
  for (const KnownFinding& entry : known) {
    if (std::none_of(findings.begin(), findings.end(),
                     [&](const Finding& finding) { return Answers(finding, entry); })) {
      not_seen.push_back(entry);
    }
  }
  return not_seen;
}

ScenarioResult RunScenario(const LoadedScenario& loaded, const ScenarioOptions& options,
                           Executor& executor) {
  // Without a cache for good there is one for the while: the fault-free run tells the next which
  // libraries the target loads.
  std::optional<RunDirectory> scratch;
  ScenarioOptions with_cache = options;
  if (options.cache_dir.empty()) {
    scratch.emplace(options.run_root);
    with_cache.cache_dir = scratch->path();
  }
  ScenarioRunner runner(loaded, with_cache, executor);
  ScenarioResult result = runner.Run();
  if (RestsOnABusyMachine(result)) {
    result = runner.Run();
    if (RestsOnABusyMachine(result)) {
      throw TooBusy(fmt::format(
          "this machine is too busy to judge {}: twice it waited for a CPU for most of the time: "
          "{}; run it again when less else runs here",
          loaded.scenario.name, result.findings.front().title));
    }
  }
  // Of the scenario as it is written; its fault-free life has none.
  if (!result.broken_without_faults && (options.with_faults || loaded.scenario.faults.empty())) {
    result.not_seen = KnownButNotSeen(loaded.scenario.known_findings, result.findings);
  }
  return result;
}

}  // namespace faultline
