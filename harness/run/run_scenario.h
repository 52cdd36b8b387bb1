#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/evidence/evidence.h"
#include "harness/run/executor.h"
#include "harness/scenario/load_scenario.h"

namespace faultline {

struct ScenarioOptions {
  std::filesystem::path program;    // see RequireProgram
  std::filesystem::path agent;      // see RequireAgent
  std::filesystem::path cache_dir;  // "" = nothing is kept between runs
  std::filesystem::path run_root;   // see RunRequest
  bool with_faults = true;          // false: the scenario without its faults
  bool keep_run_dir = false;
  bool in_debugger = false;  // under gdb, stopped at each injected call, without timeouts
  // Points are switched by hand, see remote_control.h: judged as a run with faults.
  bool remote_control = false;
};

// The judged run of a scenario.
struct ScenarioResult {
  Evidence evidence;
  std::vector<Finding> findings;
  // The findings are those of the fault-free run that had to come first: the target breaks its
  // promises without any fault, so no fault was armed and nothing can be concluded from one.
  bool broken_without_faults = false;
  std::string leaks_not_judged;  // see WhyLeaksAreNotJudged
  bool gave_up = false;          // see GaveUpCleanly
  // The scenario's known findings that were not observed, one per entry.
  std::vector<KnownFinding> not_seen;
};

// The machine gave its CPUs to others for so long that a hang cannot be told from a slow run.
class TooBusy : public Failure {
 public:
  explicit TooBusy(const std::string& message) : Failure(ExitCode::kCannotWork, message) {}
};

// Runs `loaded` and judges it. A scenario with faults for which no calibration is known is first
// run once without them; see CalibratedLimits. A run that shows something and timed out starved
// (TimedOutStarved) is done once more, and only then believed; when that one is starved as well
// there is no verdict: TooBusy. Throws what Executor::Execute throws.
ScenarioResult RunScenario(const LoadedScenario& loaded, const ScenarioOptions& options,
                           Executor& executor);

// The known findings of which `findings` has none; each finding answers to one entry.
std::vector<KnownFinding> KnownButNotSeen(const std::vector<KnownFinding>& known,
                                          const std::vector<Finding>& findings);

}  // namespace faultline
