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
constexpr int64_t kFirst = 3;        // that are checked in any case
constexpr int64_t kOfEachKind = 10;  // one in so many, at most, because it is the first of its kind
constexpr int64_t kChooseBy = 50;    // visits that are made both ways
constexpr size_t kPerCarrier = 200;  // visits that are worth a start of the target
constexpr size_t kMostTold = 5;      // differences of one plan
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

LookedAt AllOf(const RunResult& result) {
  LookedAt all = result.looked_at;
  all["result"] = ResultOf(result);
  return all;
}

// Judges see other things in other steps.
std::string KindOf(const SweepPlan& plan, const RunResult& result) {
  return fmt::format("{} {} {}", plan.site.step, ModeName(plan.mode), result.run.outcome);
}

SiteCall CallOf(const SweepPlan& plan) {
  return plan.faults.empty() ? SiteCall()
                             : SiteCall{plan.faults.front().site, plan.faults.front().first};
}

}  // namespace

bool SnapshotCheck::IsChecked(const SweepPlan& plan, const RunResult& result) {
  ++seen_;
  if (choose_ && report_.chosen.empty()) {
    return true;
  }
  if (!result.run.findings.empty()) {
    return false;
  }
  const bool is_new_kind = !kinds_.contains(KindOf(plan, result)) &&
                           report_.checked * kOfEachKind < seen_ + kFirst * kOfEachKind;
  return report_.checked < kFirst || is_new_kind || protocol::HashText(plan.key) % kOneIn == 0;
}

// `cold` was made for `request`.
void SnapshotCheck::Compare(const QueueRequest& request, const RunResult& snapshot,
                            const RunResult& cold, RunQueue::Runner& runner) {
  std::vector<LookedAtDifference> differences = DifferencesOf(AllOf(cold), AllOf(snapshot));
  if (differences.empty()) {
    return;
  }
  const RunResult second = runner.Run(request);
  if (second.made()) {
    const LookedAt again = AllOf(second);
    differences = DifferencesOf(AllOf(cold), AllOf(snapshot), &again);
  }
  if (differences.empty()) {
    return;
  }
  std::string text = request.plan->key;
  for (size_t i = 0; i < std::min(kMostTold, differences.size()); ++i) {
    text += fmt::format("{} {}: cold {}, snapshot {}", i == 0 ? ":" : ";", differences[i].what,
                        differences[i].reference, differences[i].other);
  }
  if (differences.size() > kMostTold) {
    text += fmt::format("; and {} more", differences.size() - kMostTold);
  }
  report_.differed.push_back(std::move(text));
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
  snapshots_took_ += result.took - pool_->TakeWayOf(CallOf(plan));
  cold_took_ += cold.took;
  kinds_.insert(KindOf(plan, result));
  Compare(request, result, cold, runner);
  Choose();
  return cold;
}

void SnapshotCheck::Choose() {
  if (!choose_ || report_.checked != kChooseBy || !report_.chosen.empty()) {
    return;
  }
  const SnapshotPool::Counts counts = pool_->counts();
  const double snapshot_ms =
      SnapshotCost{static_cast<double>(snapshots_took_.count()), static_cast<double>(counts.way_ms),
                   counts.carriers, kChooseBy, visits_}
          .MsPerVisit();
  const double cold_ms = static_cast<double>(cold_took_.count()) / kChooseBy;
  report_.chosen = fmt::format(
      "the first {} took {:.0f} ms each by snapshots and {:.0f} ms cold, with {} other results",
      kChooseBy, snapshot_ms, cold_ms, report_.differed.size());
  if (static_cast<double>(report_.differed.size()) >
      kMostDiffering * static_cast<double>(report_.checked)) {
    report_.given_up = "the first ones showed other results than cold runs";
  } else if (snapshot_ms > kLeastGain * cold_ms) {
    report_.given_up = "the first ones were no faster than cold runs";
  }
  if (!report_.given_up.empty()) {
    pool_->GiveUp(report_.given_up);
  }
}

double SnapshotCost::MsPerVisit() const {
  const auto runs = static_cast<double>(std::max<int64_t>(checked, 1));
  const auto all = std::max(static_cast<double>(visits), runs);
  const auto ways = static_cast<double>(std::max<int64_t>(carriers, 1));
  return took_ms / runs + way_ms / ways * (1 / all + (ways - 1) / runs);
}

SnapshotReport SnapshotCheck::Report() const {
  SnapshotReport report = report_;
  const SnapshotPool::Counts counts = pool_->counts();
  report.runs = counts.snapshots;
  report.carriers = counts.carriers;
  report.cold = counts.cold;
  return report;
}

void ArrangeForSnapshots(std::vector<SweepPlan>& plans, const std::map<SiteCall, size_t>& order,
                         bool choose, bool in_turn) {
  const auto place = [&](const SweepPlan& plan) {
    const auto found = order.find(CallOf(plan));
    return found == order.end() ? std::numeric_limits<size_t>::max() : found->second;
  };
  const size_t part = in_turn ? kPerCarrier : std::max<size_t>(1, plans.size());
  for (size_t begin = 0; begin < plans.size(); begin += part) {
    const size_t end = std::min(begin + part, plans.size());
    std::stable_sort(plans.begin() + static_cast<ptrdiff_t>(begin),
                     plans.begin() + static_cast<ptrdiff_t>(end),
                     [&](const SweepPlan& a, const SweepPlan& b) { return place(a) < place(b); });
  }
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
