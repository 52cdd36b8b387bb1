#include "harness/sweep/census.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "harness/base/failure.h"
#include "harness/oracle/nondeterministic.h"
#include "harness/oracle/oracle.h"
#include "harness/sweep/site_list.h"

namespace faultline {
namespace {

std::set<uint64_t> HashesOf(const Evidence& evidence, const std::string& target) {
  std::set<uint64_t> hashes;
  for (const Evidence* life : LivesOf(evidence, target)) {
    for (const JournalSite& site : life->journal.sites) {
      hashes.insert(site.hash);
    }
  }
  return hashes;
}

using Lives = std::vector<const Evidence*>;

// "" when one of its functions is hooked in one of the lives.
std::string WhyNotHooked(const FaultPoint& point, const Lives& lives) {
  std::string why = "not in this program";
  for (const Evidence* life : lives) {
    for (const HookReport& hook : life->hooks) {
      if (std::ranges::find(point.symbols, hook.symbol) == point.symbols.end()) {
        continue;
      }
      if (hook.status == HookReport::Status::kInstalled) {
        return "";
      }
      why = hook.reason.empty() ? "its module was not loaded" : hook.reason;
    }
  }
  return why;
}

// `lives`: those of the target that is swept. What the first of them does not call, a later one
// may.
std::vector<Store::Census::Point> CountPoints(const Catalogue& catalogue, const Lives& lives) {
  std::map<std::string, int64_t> calls;
  for (const Evidence* life : lives) {
    for (const JournalSite& site : life->journal.sites) {
      calls[life->points.at(site.point)] += static_cast<int64_t>(site.calls);
    }
  }
  std::vector<Store::Census::Point> points;
  for (const FaultPoint& point : catalogue.points) {
    const int64_t count = calls[point.name];
    const std::string why = count > 0 ? "" : WhyNotHooked(point, lives);
    points.push_back({point.name,
                      count > 0     ? "called"
                      : why.empty() ? "never called"
                                    : why,
                      count});
  }
  return points;
}

class CensusTaker {
 public:
  CensusTaker(const CensusSubject& subject, const Selection& selection, const FaultFreeRunner& run)
      : subject_(subject), selection_(selection), run_(run) {}

  std::optional<CensusResult> Take(const std::function<void(int, size_t)>& progress) {
    const auto begin = std::chrono::steady_clock::now();
    bool agreed = false;
    while (!agreed && runs_ < kMostCensusRuns) {
      const std::set<uint64_t> before = HashesOf(last_, subject_.scenario.subject);
      std::optional<Evidence> evidence = run_(/*record_sites=*/true);
      if (!evidence) {
        return std::nullopt;
      }
      if (!Record(std::move(*evidence))) {
        return std::move(result_);
      }
      const std::set<uint64_t> now = HashesOf(last_, subject_.scenario.subject);
      progress(runs_, now.size());
      agreed = runs_ > 1 && before == now;
    }
    const std::optional<Evidence> evidence = run_(/*record_sites=*/false);
    if (!evidence) {
      return std::nullopt;
    }
    if (!MeasureTimes(*evidence)) {
      return std::move(result_);
    }
    Store::Census& census = result_.census;
    census.runs = runs_;
    census.calibration = FaultFreeToJson(result_.fault_free);
    census.points = CountPoints(subject_.catalogue, LivesOf(last_, subject_.scenario.subject));
    for (auto& [hash, site] : sites_) {
      NameIfUnstable(site);
      census.sites.push_back(std::move(site));
    }
    census.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::steady_clock::now() - begin)
                            .count();
    return std::move(result_);
  }

 private:
  // False when the target does not even keep its promises without a fault.
  bool Record(Evidence evidence) {
    if (!evidence.agent_ready) {
      throw Failure::CannotWork("the agent did not get into " + evidence.program + ": " +
                                evidence.agent_message);
    }
    const bool is_clean = IsClean(evidence, runs_ == 0 ? nullptr : &result_.fault_free);
    FaultFreeRun shown =
        DescribeFaultFree(evidence, subject_.catalogue, subject_.profile, &subject_.scenario);
    if (runs_ == 0) {
      result_.fault_free = std::move(shown);
    } else {
      Widen(result_.fault_free, shown);
    }
    ++runs_;
    for (StoredSite& site : ListSitesOfLives(evidence, subject_.scenario.subject, selection_.life,
                                             subject_.catalogue, selection_.nested, symbolizer_)) {
      ++seen_[site.hash];
      sites_.insert_or_assign(site.hash, std::move(site));
    }
    last_ = std::move(evidence);
    return is_clean;
  }

  // How long a run takes that is as the plans' are: the first ones found nothing in the machine's
  // caches, and following every call to its site takes time. False as above.
  bool MeasureTimes(const Evidence& evidence) {
    const bool is_clean = IsClean(evidence, &result_.fault_free);
    const FaultFreeRun shown =
        DescribeFaultFree(evidence, subject_.catalogue, subject_.profile, &subject_.scenario);
    Widen(result_.fault_free, shown);
    result_.fault_free.start_ms = shown.start_ms;
    result_.fault_free.rpc_ms = shown.rpc_ms;
    result_.fault_free.stop_ms = shown.stop_ms;
    result_.census.run_ms = evidence.total_ms;
    return is_clean;
  }

  bool IsClean(const Evidence& evidence, const FaultFreeRun* fault_free) {
    result_.findings =
        Judge(evidence, {subject_.scenario, subject_.profile, subject_.catalogue, fault_free,
                         /*is_fault_free=*/true});
    return result_.findings.empty();
  }

  void NameIfUnstable(const StoredSite& site) {
    const auto warning = JudgeRepetition({site.point, site.place, seen_[site.hash], runs_});
    if (warning) {
      result_.census.nondeterministic.emplace_back(site.hash, warning->title);
    }
  }

  const CensusSubject subject_;
  const Selection& selection_;
  const FaultFreeRunner& run_;
  Symbolizer symbolizer_;
  CensusResult result_;
  Evidence last_;
  std::map<std::string, StoredSite> sites_;  // of all runs, as in the last that reached them
  std::map<std::string, int> seen_;          // in how many runs
  int runs_ = 0;
};

}  // namespace

std::optional<CensusResult> TakeCensus(const CensusSubject& subject, const Selection& selection,
                                       const FaultFreeRunner& run,
                                       const std::function<void(int run, size_t sites)>& progress) {
  return CensusTaker(subject, selection, run).Take(progress);
}

std::vector<StoredFinding> RunControls(RunQueue& queue, int runs) {
  std::map<std::string, StoredFinding> shown;
  queue.RunAll([&, begun = 0]() mutable -> RunQueue::Task {
    if (begun == runs) {
      return {};
    }
    ++begun;
    return [&](RunQueue::Runner& runner) {
      QueueRequest request;
      request.purpose = QueueRequest::Purpose::kCensus;
      request.timeout = Timeout::kFull;
      for (const StoredFinding& finding : runner.Run(request).run.findings) {
        shown.emplace(finding.signature, finding);
      }
    };
  });
  std::vector<StoredFinding> findings;
  for (auto& [signature, finding] : shown) {
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace faultline
