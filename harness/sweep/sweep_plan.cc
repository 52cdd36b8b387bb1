#include "harness/sweep/sweep_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <map>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr uint64_t kFromThereOn = std::numeric_limits<uint64_t>::max();

const std::vector<std::pair<std::string, SweepMode>>& Modes() {
  static const std::vector<std::pair<std::string, SweepMode>> kModes = {
      {"transient", SweepMode::kTransient},
      {"persistent", SweepMode::kPersistent},
      {"sigterm", SweepMode::kSigterm},
      {"sigint", SweepMode::kSigint},
      {"sigterm-twice", SweepMode::kSigtermTwice},
      {"stop-rpc", SweepMode::kStopRpc},
      {"drop-connection", SweepMode::kDropConnection},
      {"pair", SweepMode::kPair}};
  return kModes;
}

bool IsFailure(SweepMode mode) {
  return mode == SweepMode::kTransient || mode == SweepMode::kPersistent;
}

// Has `mode` a meaning at `site`?
bool Concerns(SweepMode mode, const StoredSite& site) {
  if (mode == SweepMode::kPair) {
    return false;
  }
  // Before main the target has no handler yet: a signal ends it, as the kernel says.
  if (!IsFailure(mode) && site.before_main) {
    return false;
  }
  // Before the first step there is no connection yet.
  return mode != SweepMode::kDropConnection || site.step > 0;
}

Fault FaultAt(const StoredSite& site, const std::string& id, uint64_t occurrence) {
  Fault fault;
  fault.id = id;
  fault.point = site.point;
  fault.site = SiteHashValue(site.hash);
  fault.first = fault.last = occurrence;
  return fault;
}

Fault Signalled(Fault fault, int signal) {
  fault.action = Fault::Action::kSignal;
  fault.signal = signal;
  return fault;
}

// Any call of the point once `fault` has happened.
Fault EveryLater(const Fault& fault, const std::string& id) {
  Fault later = fault;
  later.id = id;
  later.site = 0;
  later.first = 1;
  later.last = kFromThereOn;
  later.after = fault.id;
  return later;
}

std::vector<Fault> FaultsOf(SweepMode mode, const StoredSite& site, uint64_t occurrence,
                            const RpcCall& stop_rpc) {
  Fault fault = FaultAt(site, "site", occurrence);
  switch (mode) {
    case SweepMode::kPersistent:
      return {fault, EveryLater(fault, "later")};
    case SweepMode::kSigterm:
      return {Signalled(fault, SIGTERM)};
    case SweepMode::kSigint:
      return {Signalled(fault, SIGINT)};
    case SweepMode::kSigtermTwice: {
      Fault again = EveryLater(Signalled(fault, SIGTERM), "again");
      again.last = 1;
      return {Signalled(fault, SIGTERM), again};
    }
    case SweepMode::kStopRpc:
      fault.action = Fault::Action::kRpc;
      fault.rpc = stop_rpc;
      // Asked in the middle of anything, it may refuse, or be gone before it answers.
      for (const auto kind : {RpcExpectation::Kind::kResult, RpcExpectation::Kind::kError,
                              RpcExpectation::Kind::kGone}) {
        fault.expect.emplace_back().kind = kind;
      }
      break;
    case SweepMode::kDropConnection:
      fault.action = Fault::Action::kDropConnection;
      break;
    case SweepMode::kTransient:
    case SweepMode::kPair:
      break;
  }
  return {fault};
}

// Before main the function that makes the call stands for the cause, whatever constructor it is in.
std::string CauseOf(SweepMode mode, const StoredSite& site) {
  if (!site.before_main) {
    return "";
  }
  const Stack stack = StackFromJson(site.stack);
  const std::string caller =
      stack.empty()
          ? site.hash
          : (stack.front().function.empty() ? stack.front().module : stack.front().function);
  return fmt::format("{} {} in {}", ModeName(mode), site.point, caller);
}

}  // namespace

std::string ModeName(SweepMode mode) {
  for (const auto& [name, value] : Modes()) {
    if (value == mode) {
      return name;
    }
  }
  return "";
}

SweepMode ParseMode(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& [name, value] : Modes()) {
    if (name == text) {
      return value;
    }
    names.push_back(name);
  }
  throw Failure::BadInput(fmt::format("--modes {}: expected {}{}", text, fmt::join(names, ", "),
                                      DidYouMean(text, names)));
}

bool ChecksRolledBack(SweepMode mode) { return mode != SweepMode::kPersistent; }

std::vector<SweepPlan> MakePlans(const std::vector<StoredSite>& sites,
                                 const std::vector<SweepMode>& modes, int occurrences,
                                 const RpcCall& stop_rpc) {
  std::vector<SweepPlan> plans;
  for (const SweepMode mode : modes) {
    for (const StoredSite& site : sites) {
      if (!Concerns(mode, site)) {
        continue;
      }
      // What persists from the second call on differs from what persists from the first only in
      // the first; once is enough.
      const int64_t most = mode == SweepMode::kPersistent ? 1 : occurrences;
      for (int64_t i = 1; i <= std::min(most, std::max<int64_t>(1, site.calls)); ++i) {
        SweepPlan plan;
        plan.key = fmt::format("{} {}#{}", ModeName(mode), site.hash, i);
        plan.mode = mode;
        plan.site = site;
        plan.faults = FaultsOf(mode, site, static_cast<uint64_t>(i), stop_rpc);
        plan.cause = CauseOf(mode, site);
        plans.push_back(std::move(plan));
      }
    }
  }
  return plans;
}

SweepPlan MakePairPlan(const StoredSite& first, const StoredSite& second) {
  SweepPlan plan;
  plan.key = fmt::format("pair {}+{}", first.hash, second.hash);
  plan.mode = SweepMode::kPair;
  plan.site = second;
  plan.first_site = first.hash;
  plan.faults = {FaultAt(first, "first", 1), FaultAt(second, "second", 1)};
  return plan;
}

void InLife(int life, std::vector<Fault>& faults) {
  for (Fault& fault : faults) {
    if (fault.after.empty()) {
      fault.life = life;
    }
  }
}

std::vector<Batch> MakeBatches(std::vector<SweepPlan> plans, const Shard& shard, bool apart) {
  std::vector<Batch> batches;
  std::map<std::string, size_t> of_cause;
  for (SweepPlan& plan : plans) {
    const std::string key = plan.cause.empty() ? plan.key : plan.cause;
    if (!shard.Owns(key)) {
      continue;
    }
    const auto [known, is_new] = of_cause.try_emplace(apart ? plan.key : key, batches.size());
    if (is_new) {
      batches.push_back({key, {}});
    }
    batches[known->second].plans.push_back(std::move(plan));
  }
  return batches;
}

}  // namespace faultline
