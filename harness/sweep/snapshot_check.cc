#include "harness/sweep/snapshot_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "harness/protocol/layout.h"

namespace faultline {
namespace {

constexpr uint64_t kOneIn = 50;
constexpr int64_t kFirst = 3;      // that are checked in any case
constexpr int64_t kChooseBy = 50;  // visits that are made both ways
constexpr double kMostDiffering = 0.02;
constexpr double kLeastGain = 0.8;  // a snapshot has to take less of a cold run's time

// What a reader of the sweep's report is told of a run.
std::string ResultOf(const RunResult& result) {
  std::set<std::string> findings;
  for (const StoredFinding& finding : result.run.findings) {
    findings.insert(finding.kind + " " + finding.signature);
  }
  return fmt::format("{}, {}{}{}", result.run.outcome, result.run.exit,
                     findings.empty() ? "" : ": ", fmt::join(findings, "; "));
}

}  // namespace

bool SnapshotCheck::IsChecked(const SweepPlan& plan, const RunResult& result) const {
  if (choose_ && report_.chosen.empty()) {
    return true;
  }
  return result.run.findings.empty() &&
         (report_.checked < kFirst || protocol::HashText(plan.key) % kOneIn == 0);
}

RunResult SnapshotCheck::Check(const SweepPlan& plan, RunResult result, RunQueue::Runner& runner) {
  if (pool_ == nullptr || !result.made() || !result.from_snapshot) {
    return result;
  }
  if (!IsChecked(plan, result)) {
    return result;
  }
  QueueRequest request;
  request.plan = &plan;
  request.cold = true;
  RunResult cold = runner.Run(request);
  if (!cold.made()) {
    return cold.status == RunResult::Status::kNoVerdict ? result : cold;
  }
  ++report_.checked;
  snapshots_took_ += result.took;
  cold_took_ += cold.took;
  if (ResultOf(result) != ResultOf(cold)) {
    report_.differed.push_back(
        fmt::format("{}: cold {}; snapshot {}", plan.key, ResultOf(cold), ResultOf(result)));
  }
  Choose();
  return cold;
}

void SnapshotCheck::Choose() {
  if (!choose_ || report_.checked != kChooseBy || !report_.chosen.empty()) {
    return;
  }
  // The way of a carrier serves many more visits than these.
  snapshots_took_ -= std::chrono::milliseconds(pool_->counts().waited_ms);
  report_.chosen = fmt::format(
      "the first {} took {} ms each by snapshots and {} ms cold, with {} other results", kChooseBy,
      snapshots_took_.count() / kChooseBy, cold_took_.count() / kChooseBy, report_.differed.size());
  if (static_cast<double>(report_.differed.size()) >
      kMostDiffering * static_cast<double>(report_.checked)) {
    report_.given_up = "the first ones showed other results than cold runs";
  } else if (static_cast<double>(snapshots_took_.count()) >
             kLeastGain * static_cast<double>(cold_took_.count())) {
    report_.given_up = "the first ones were no faster than cold runs";
  }
  if (!report_.given_up.empty()) {
    pool_->GiveUp(report_.given_up);
  }
}

SnapshotReport SnapshotCheck::Report() const {
  SnapshotReport report = report_;
  const SnapshotPool::Counts counts = pool_->counts();
  report.runs = counts.snapshots;
  report.cold = counts.cold;
  return report;
}

void ArrangeForSnapshots(std::vector<SweepPlan>& plans, const std::map<SiteCall, size_t>& order,
                         bool choose) {
  const auto place = [&](const SweepPlan& plan) {
    const auto found = order.find({plan.faults.front().site, plan.faults.front().first});
    return found == order.end() ? std::numeric_limits<size_t>::max() : found->second;
  };
  std::stable_sort(plans.begin(), plans.end(),
                   [&](const SweepPlan& a, const SweepPlan& b) { return place(a) < place(b); });
  if (!choose || plans.empty()) {
    return;
  }
  // Forks of a late call save more than those of an early one: the first visits are of all kinds.
  const size_t every = std::max<size_t>(1, plans.size() / kChooseBy);
  std::vector<SweepPlan> sample;
  std::vector<SweepPlan> others;
  for (size_t i = 0; i < plans.size(); ++i) {
    const bool is_first = i % every == every / 2 && std::cmp_less(sample.size(), kChooseBy);
    (is_first ? sample : others).push_back(std::move(plans[i]));
  }
  plans = std::move(sample);
  std::move(others.begin(), others.end(), std::back_inserter(plans));
}

}  // namespace faultline
