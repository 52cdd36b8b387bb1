#include "harness/run/targets.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/run/lives.h"

namespace faultline {
namespace {

template <typename T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Titles and lines say whose they are where those of all targets stand together.
void NameTarget(Evidence& evidence) {
  const std::string prefix = evidence.target + ": ";
  for (StepResult& step : evidence.steps) {
    step.title = prefix + step.title;
  }
  for (LogLine& line : evidence.log) {
    line.text = prefix + line.text;
  }
}

void Clear(Evidence& all) {
  all.steps.clear();
  all.log.clear();
  all.rpcs.clear();
  all.fault_rpcs.clear();
  all.fault_steps.clear();
  all.lost_companions.clear();
  all.injections.clear();
  all.faults_not_reached.clear();
}

void TakeIn(Evidence& all, const Evidence& one) {
  Append(all.steps, one.steps);
  Append(all.log, one.log);
  Append(all.rpcs, one.rpcs);
  Append(all.fault_rpcs, one.fault_rpcs);
  Append(all.fault_steps, one.fault_steps);
  Append(all.lost_companions, one.lost_companions);
  Append(all.injections, one.injections);
  Append(all.faults_not_reached, one.faults_not_reached);
  if (all.threads.empty()) {
    all.threads = one.threads;
    all.threads_note = one.threads_note;
  }
}

// Each in the order in which it happened.
void Sort(Evidence& all) {
  std::stable_sort(all.steps.begin(), all.steps.end(),
                   [](const auto& a, const auto& b) { return a.index < b.index; });
  std::stable_sort(all.log.begin(), all.log.end(), [](const auto& a, const auto& b) {
    return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.step < b.step;
  });
  std::stable_sort(all.rpcs.begin(), all.rpcs.end(),
                   [](const auto& a, const auto& b) { return a.step < b.step; });
  std::stable_sort(all.injections.begin(), all.injections.end(),
                   [](const auto& a, const auto& b) { return a.time_ms < b.time_ms; });
}

}  // namespace

Evidence MergeTargets(std::vector<EvidenceOfTarget> targets, const std::string& subject) {
  const auto found = std::find_if(targets.begin(), targets.end(),
                                  [&](const auto& one) { return one.evidence.target == subject; });
  Evidence all = (found == targets.end() ? targets.front() : *found).evidence;
  all.target.clear();
  all.lives.clear();
  Clear(all);
  const auto first =
      std::min_element(targets.begin(), targets.end(), [](const auto& a, const auto& b) {
        return a.first_start < b.first_start;
      })->first_start;
  for (const EvidenceOfTarget& one : targets) {
    const auto begin_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(one.first_start - first).count();
    Evidence shifted = one.evidence;
    ShiftTimes(shifted, begin_ms);
    NameTarget(shifted);
    TakeIn(all, shifted);
    all.total_ms = std::max(all.total_ms, one.evidence.total_ms + begin_ms);
    all.agent_ready = all.agent_ready && one.evidence.agent_ready;
  }
  Sort(all);
  for (EvidenceOfTarget& one : targets) {
    all.targets.push_back(std::move(one.evidence));
  }
  return all;
}

}  // namespace faultline
