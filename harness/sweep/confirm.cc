#include "harness/sweep/confirm.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "harness/sweep/confirmer.h"
#include "harness/sweep/prove_finding.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// So many plans at different derived points are asked for a proof of one finding: some of them may
// be impossible, others not.
constexpr size_t kMostWitnesses = 3;

// The frame of the kernel's return from a signal handler, by glibc's name.
constexpr char kSignalFrame[] = "__restore_rt";

Witness WitnessOf(const SweepPlan& plan, const std::string& signature, const StoredRun& run) {
  Witness witness{&plan, 0, run.duration_ms, false, ""};
  for (const StoredFinding& finding : run.findings) {
    if (finding.signature == signature) {
      const Stack stack = StackFromJson(finding.stack);
      witness.step = finding.step;
      witness.title = finding.title;
      witness.in_signal_handler =
          finding.kind == "crash" && std::any_of(stack.begin(), stack.end(), [](const Frame& one) {
            return one.function == kSignalFrame;
          });
    }
  }
  return witness;
}

// A finding that more runs may tell more about.
struct Open {
  FindingGroup group;
  std::vector<Witness> witnesses;
};

class OpenFindings {
 public:
  OpenFindings(const SweepContext& context, Store& store, const std::vector<SweepPlan>& plans,
               const ProofKnowledge& knowledge)
      : context_(context), store_(store), knowledge_(knowledge) {
    for (const SweepPlan& plan : plans) {
      plans_[plan.key] = &plan;
    }
  }

  std::vector<Open> List() {
    std::vector<Open> open;
    for (FindingGroup& group : store_.Findings()) {
      std::vector<Witness> witnesses = WitnessesOf(group);
      if (!witnesses.empty() && (NeedsConfirming(group) || IsAskedAgain(group, witnesses))) {
        open.push_back({std::move(group), std::move(witnesses)});
      }
    }
    return open;
  }

  bool NeedsRunsToProve(const Witness& witness) const {
    return NeedsProof(*witness.plan, context_.all_points) &&
           !knowledge_.FindImpossible(witness.plan->site.hash);
  }

 private:
  bool IsAskedAgain(const FindingGroup& group, const std::vector<Witness>& witnesses) const {
    if (StatusOf(group) != FindingStatus::kAssumed) {
      return false;
    }
    const bool possible = !NeedsProof(*witnesses.front().plan, context_.all_points);
    // Without a try all calls that had shown it never fail.
    const bool other = group.tries == 0 && std::any_of(witnesses.begin(), witnesses.end(),
                                                       [this](const Witness& witness) {
                                                         return NeedsRunsToProve(witness);
                                                       });
    return possible || other;
  }

  // Failures that need no proof before those that do, those before ones that never happen, one
  // fault before several, a failure before a signal, early before late.
  auto RankOf(const SweepPlan& plan) const {
    const bool needs_proof = NeedsProof(plan, context_.all_points);
    const bool never_fails = needs_proof && knowledge_.FindImpossible(plan.site.hash).has_value();
    return std::tuple(needs_proof, never_fails, plan.faults.size(), static_cast<int>(plan.mode),
                      plan.site.position, plan.key);
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
        witnesses.push_back(WitnessOf(*plan, group.signature, *run));
        points.insert(plan->site.point);
      }
    }
    return witnesses;
  }

  const SweepContext& context_;
  Store& store_;
  const ProofKnowledge& knowledge_;
  std::map<std::string, const SweepPlan*> plans_;  // by key
};

}  // namespace

void ConfirmFindings(const SweepContext& context, Store& store, RunQueue& queue,
                     const std::vector<SweepPlan>& plans, ProofKnowledge& knowledge,
                     const std::function<void(const FindingGroup&)>& progress) {
  OpenFindings findings(context, store, plans, knowledge);
  const std::vector<Open> open = findings.List();
  const bool needs_census = std::any_of(open.begin(), open.end(), [&](const Open& one) {
    return std::any_of(one.witnesses.begin(), one.witnesses.end(),
                       [&](const Witness& witness) { return findings.NeedsRunsToProve(witness); });
  });
  if (needs_census && !knowledge.has_census()) {
    queue.RunOne([&](RunQueue::Runner& runner) { TakeCensusBelow(context, knowledge, runner); });
    if (!knowledge.has_census()) {
      return;
    }
  }
  const std::vector<StoredSite> sites = store.Sites();
  size_t index = 0;
  queue.RunAll([&]() -> RunQueue::Task {
    if (index == open.size()) {
      return {};
    }
    return [&, &one = open[index++]](RunQueue::Runner& runner) {
      const Confirmation confirmation =
          Confirm(context, {one.group, one.witnesses, sites}, knowledge, runner);
      if (!queue.stopped()) {
        store.SetConfirmation(confirmation);
        FindingGroup group = one.group;
        Apply(confirmation, group);
        progress(group);
      }
    };
  });
}

bool AnyToConfirm(const SweepContext& context, Store& store, const std::vector<SweepPlan>& plans,
                  const ProofKnowledge& knowledge) {
  return !OpenFindings(context, store, plans, knowledge).List().empty();
}

}  // namespace faultline
