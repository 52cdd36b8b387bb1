#include "harness/sweep/look.h"

#include <algorithm>

namespace faultline {
namespace {

Visit VisitIn(Slots& slots, const Subject& subject, const LimitsMs& limits_ms, Executor& executor) {
  const Slots::Place place(slots, /*alone=*/false);
  return VisitPlan(subject.context, subject.scenario, subject.plan, limits_ms, executor);
}

// "" for a run without a finding of a hang: a step may outlive its limit without one.
std::string KeyOf(const Visit& visit) {
  const std::vector<StoredFinding>& findings = visit.run.findings;
  if (std::none_of(findings.begin(), findings.end(),
                   [](const StoredFinding& finding) { return finding.kind == "hang"; })) {
    return "";
  }
  std::string key = visit.run.mode;
  for (const StoredFinding& finding : findings) {
    key += "\n" + finding.signature;
  }
  return key;
}

}  // namespace

Visit LookAt(const Subject& subject, Look look, Slots& slots, Executor& executor,
             const std::function<bool(const Visit&)>& known) {
  if (look == Look::kBrief) {
    Visit visit = VisitIn(slots, subject, subject.context.brief_limits_ms, executor);
    if (!visit.hung || known(visit)) {
      return visit;
    }
  }
  return VisitIn(slots, subject, subject.context.limits_ms, executor);
}

Visit KnownHangs::LookAt(const SweepContext& context, const SweepPlan& plan, Slots& slots,
                         Executor& executor) {
  bool is_known = false;
  Visit visit = faultline::LookAt({context, context.scenario, plan}, Look::kBrief, slots, executor,
                                  [&](const Visit& brief) {
                                    const std::lock_guard lock(mutex_);
                                    is_known = keys_.contains(KeyOf(brief));
                                    return is_known;
                                  });
  if (const std::string key = KeyOf(visit); !is_known && !visit.starved && !key.empty()) {
    const std::lock_guard lock(mutex_);
    keys_.insert(key);
  }
  return visit;
}

}  // namespace faultline
