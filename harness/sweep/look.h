#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "harness/sweep/slots.h"
#include "harness/sweep/visit.h"

// How long a run that may hang is waited for. Most runs that outlive a limit hang for good, many
// show the same hang, and each costs what its limits are: so limits are brief where patience would
// bring nothing new.
namespace faultline {

enum class Look { kBrief, kPatient };

// What to look at; borrowed.
struct Subject {
  const SweepContext& context;
  const Scenario& scenario;  // context.scenario, or one with fewer steps
  const SweepPlan& plan;
};

// Visits in a place of `slots`. A brief look at a run that outlives a limit counts only when
// `known` says that this is a hang which a patient look has proven; else a patient one follows, and
// that counts. The caller decides what it thinks of a starved one (Visit::starved). Throws what the
// executor throws.
Visit LookAt(const Subject& subject, Look look, Slots& slots, Executor& executor,
             const std::function<bool(const Visit&)>& known);

// Hangs that patient looks have proven: what they showed, and in which mode. Thread-safe.
class KnownHangs {
 public:
  // Looks at `plan` in the scenario of `context`, briefly when that is enough.
  Visit LookAt(const SweepContext& context, const SweepPlan& plan, Slots& slots,
               Executor& executor);

 private:
  std::mutex mutex_;
  std::set<std::string> keys_;
};

}  // namespace faultline
