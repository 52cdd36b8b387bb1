#include "harness/store/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/failure.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

// What one store says, with faults named by mode and place, which other builds have too.
class Side {
 public:
  explicit Side(Store& store) {
    for (const StoredSite& site : store.Sites()) {
      places_[site.hash] = site.point + " @ " + site.place;
    }
    for (const StoredRun& run : store.Runs()) {
      fault_of_[run.key] = FaultOf(run);
      visited_.insert(fault_of_[run.key]);
    }
    for (FindingGroup& group : store.Findings()) {
      std::set<std::string>& faults = faults_[group.signature];
      for (const std::string& key : group.run_keys) {
        faults.insert(fault_of_[key]);
      }
      groups_.push_back(std::move(group));
    }
  }

  const std::vector<FindingGroup>& groups() const { return groups_; }
  const FindingGroup* Find(const std::string& signature) const {
    const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const FindingGroup& group) {
      return group.signature == signature;
    });
    return found == groups_.end() ? nullptr : &*found;
  }
  const std::set<std::string>& Faults(const std::string& signature) const {
    return faults_.at(signature);
  }
  bool Visited(const std::set<std::string>& faults) const {
    return std::any_of(faults.begin(), faults.end(),
                       [&](const std::string& fault) { return visited_.contains(fault); });
  }

 private:
  std::string FaultOf(const StoredRun& run) const {
    return run.mode + " " + Place(run.first_site) + " " + Place(run.site);
  }
  std::string Place(const std::string& hash) const {
    const auto found = places_.find(hash);
    return found == places_.end() ? hash : found->second;
  }

  std::map<std::string, std::string> places_;            // by site hash
  std::map<std::string, std::string> fault_of_;          // by run key
  std::map<std::string, std::set<std::string>> faults_;  // by signature
  std::set<std::string> visited_;
  std::vector<FindingGroup> groups_;
};

size_t InCommon(const std::set<std::string>& a, const std::set<std::string>& b) {
  return static_cast<size_t>(
      std::count_if(a.begin(), a.end(), [&](const std::string& one) { return b.contains(one); }));
}

std::string HowPlacesDiffer(const std::set<std::string>& before,
                            const std::set<std::string>& after) {
  const size_t common = InCommon(before, after);
  return fmt::format("{} faults no longer lead to it, {} new ones do", before.size() - common,
                     after.size() - common);
}

// A finding of `after` that has no counterpart but that the same fault leads to.
const FindingGroup* SameFault(const std::set<std::string>& faults, const Side& before,
                              const Side& after) {
  for (const FindingGroup& group : after.groups()) {
    if (before.Find(group.signature) == nullptr &&
        InCommon(faults, after.Faults(group.signature)) > 0) {
      return &group;
    }
  }
  return nullptr;
}

}  // namespace

bool Comparison::has_failing() const {
  return std::any_of(fresh.begin(), fresh.end(),
                     [](const FindingGroup& group) { return FailsCommand(group); });
}

std::vector<std::string> CheckComparable(Store& before, Store& after) {
  const std::vector<StoredEnvironment> first = before.Environments();
  const std::vector<StoredEnvironment> second = after.Environments();
  if (first.empty() || second.empty()) {
    return {};
  }
  const StoredEnvironment& one = first.front();
  const StoredEnvironment& other = second.front();
  if (one.scenario != other.scenario || one.profile != other.profile) {
    throw Failure::BadInput(fmt::format(
        "{} is a sweep of {} with profile {}, {} one of {} with profile {}: they cannot be "
        "compared",
        before.file().string(), one.scenario, one.profile, after.file().string(), other.scenario,
        other.profile));
  }
  std::vector<std::string> notes;
  if (one.scenario_key != other.scenario_key) {
    notes.push_back(fmt::format(
        "arguments, variables, environment or steps of {} differ between the two", one.scenario));
  }
  if (one.rules_key != other.rules_key) {
    notes.emplace_back("the two were judged by different rules (expectations, limits, oracles)");
  }
  return notes;
}

Comparison CompareStores(Store& before_store, Store& after_store) {
  const Side before(before_store);
  const Side after(after_store);
  Comparison comparison;
  std::set<std::string> explained;  // signatures of `after` that are another's new form
  for (const FindingGroup& group : before.groups()) {
    const std::set<std::string>& faults = before.Faults(group.signature);
    if (const FindingGroup* same = after.Find(group.signature)) {
      const std::set<std::string>& now = after.Faults(group.signature);
      if (faults == now) {
        comparison.same.push_back(*same);
      } else {
        comparison.changed.push_back({group, *same, HowPlacesDiffer(faults, now)});
      }
    } else if (const FindingGroup* other = SameFault(faults, before, after)) {
      explained.insert(other->signature);
      comparison.changed.push_back({group, *other, "the same fault now ends otherwise"});
    } else {
      (after.Visited(faults) ? comparison.fixed : comparison.unknown).push_back(group);
    }
  }
  for (const FindingGroup& group : after.groups()) {
    if (before.Find(group.signature) == nullptr && !explained.contains(group.signature)) {
      comparison.fresh.push_back(group);
    }
  }
  return comparison;
}

}  // namespace faultline
