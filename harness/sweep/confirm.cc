#include "harness/sweep/confirm.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "harness/sweep/confirmer.h"
#include "harness/sweep/site_list.h"

namespace faultline {
namespace {

// So many plans at different derived points are asked for a proof of one finding: some of them may
// be impossible, others not.
constexpr size_t kMostWitnesses = 3;

// In which step `run` showed the finding; 0 when it is not known.
int64_t StepOf(const std::string& signature, const StoredRun& run) {
  const auto found =
      std::find_if(run.findings.begin(), run.findings.end(),
                   [&](const StoredFinding& finding) { return finding.signature == signature; });
  return found == run.findings.end() ? 0 : found->step;
}

class Confirming {
 public:
  Confirming(const SweepContext& context, Store& store, RunQueue& queue,
             const std::vector<SweepPlan>& plans)
      : context_(context), store_(store), queue_(queue), sites_(store.Sites()) {
    for (const SweepPlan& plan : plans) {
      plans_[plan.key] = &plan;
    }
    for (FindingGroup& group : store.Findings()) {
      std::vector<Witness> witnesses = WitnessesOf(group);
      if (group.tries < kConfirmationRuns && !witnesses.empty()) {
        open_.push_back({std::move(group), std::move(witnesses)});
      }
    }
  }

  void Run(const std::function<void(const FindingGroup&)>& progress) {
    const bool needs_proof = std::any_of(open_.begin(), open_.end(), [this](const Open& open) {
      return NeedsProof(*open.witnesses.front().plan, context_.all_points);
    });
    if (needs_proof && !TakeCensusBelow()) {
      return;
    }
    size_t index = 0;
    queue_.RunAll([&]() -> RunQueue::Task {
      if (index == open_.size()) {
        return {};
      }
      return [&, &open = open_[index++]](RunQueue::Runner& runner) {
        const Confirmation confirmation = Confirm(context_, {open.group, open.witnesses, sites_},
                                                  knowledge_ ? &*knowledge_ : nullptr, runner);
        if (!queue_.stopped()) {
          store_.SetConfirmation(confirmation);
          Apply(confirmation, open.group);
          progress(open.group);
        }
      };
    });
  }

  std::map<std::string, std::string> Impossible() const {
    return knowledge_ ? knowledge_->Impossible() : std::map<std::string, std::string>();
  }

 private:
  struct Open {
    FindingGroup group;
    std::vector<Witness> witnesses;
  };

  // Failures that need no proof before those that do, one fault before several, a failure before a
  // signal, early before late.
  auto RankOf(const SweepPlan& plan) const {
    return std::tuple(NeedsProof(plan, context_.all_points), plan.faults.size(),
                      static_cast<int>(plan.mode), plan.site.position, plan.key);
  }

  // The best plan that was really run, and others at other points if it needs a proof.
  std::vector<Witness> WitnessesOf(const FindingGroup& group) {
    std::vector<const SweepPlan*> plans;
    for (const std::string& key : group.run_keys) {
      if (const auto plan = plans_.find(key); plan != plans_.end()) {
        plans.push_back(plan->second);
      }
    }
    std::sort(plans.begin(), plans.end(),
              [this](const SweepPlan* a, const SweepPlan* b) { return RankOf(*a) < RankOf(*b); });
    std::vector<Witness> witnesses;
    std::set<std::string> points;
    for (const SweepPlan* plan : plans) {
      const bool is_enough =
          !witnesses.empty() && (witnesses.size() == kMostWitnesses ||
                                 !NeedsProof(*witnesses.front().plan, context_.all_points));
      if (is_enough || points.contains(plan->site.point)) {
        continue;
      }
      const std::optional<StoredRun> run = store_.FindRun(plan->key);
      if (run && run->alike.empty()) {
        witnesses.push_back({plan, StepOf(group.signature, *run)});
        points.insert(plan->site.point);
      }
    }
    return witnesses;
  }

  // The sites of all leaf and state points, whatever was selected: a run of its own is cheaper than
  // to follow them in each run of the census, and most sweeps need none. False when it was
  // interrupted.
  bool TakeCensusBelow() {
    Catalogue below = context_.all_points;
    std::erase_if(below.points,
                  [](const FaultPoint& point) { return point.kind == FaultPoint::Kind::kDerived; });
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kCensus;
    request.timeout = Timeout::kUpper;
    request.record_sites = true;
    request.catalogue = &below;
    request.keep_evidence = true;
    RunResult result;
    queue_.RunOne([&](RunQueue::Runner& runner) { result = runner.Run(request); });
    if (result.failure) {
      std::rethrow_exception(result.failure);
    }
    if (!result.evidence) {
      return false;
    }
    Symbolizer symbolizer;
    knowledge_.emplace(context_.all_points,
                       ListSites(*result.evidence, below, Nested::kAll, symbolizer));
    return true;
  }

  const SweepContext& context_;
  Store& store_;
  RunQueue& queue_;
  const std::vector<StoredSite> sites_;
  std::map<std::string, const SweepPlan*> plans_;  // by key
  std::vector<Open> open_;
  std::optional<ProofKnowledge> knowledge_;
};

}  // namespace

std::map<std::string, std::string> ConfirmFindings(
    const SweepContext& context, Store& store, RunQueue& queue, const std::vector<SweepPlan>& plans,
    const std::function<void(const FindingGroup&)>& progress) {
  Confirming confirming(context, store, queue, plans);
  confirming.Run(progress);
  return confirming.Impossible();
}

}  // namespace faultline
