#include "harness/oracle/missing_results.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "harness/evidence/registry.h"
#include "harness/oracle/tracked_objects.h"

namespace faultline {
namespace {

std::string RegistryOf(const std::string& group) { return group.substr(0, group.find(' ')); }

std::set<std::string> RegistriesSeenWhole(const Evidence& evidence, const Catalogue& catalogue) {
  std::set<std::string> seen;
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    if (replay.ends_seen) {
      seen.insert(replay.registry);
    }
  }
  return seen;
}

bool IsEssential(const std::string& registry, const Catalogue& catalogue) {
  return std::ranges::any_of(catalogue.observers, [&](const Observer& observer) {
    return observer.registry == registry && observer.essential;
  });
}

// "file PATH", sorted.
std::vector<std::string> FilesIn(const std::vector<std::string>& left_behind) {
  std::vector<std::string> files;
  std::ranges::copy_if(left_behind, std::back_inserter(files),
                       [](const std::string& one) { return one.starts_with("file "); });
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<MissingObjects> FindMissingObjects(const Evidence& evidence,
                                               const OracleContext& context) {
  std::map<std::string, int> made;
  for (const TrackedObject& object : TrackObjects(evidence, context.catalogue)) {
    ++made[object.group];
  }
  const std::set<std::string> seen = RegistriesSeenWhole(evidence, context.catalogue);
  std::vector<MissingObjects> missing;
  for (const ObjectGroup& group : context.fault_free->groups) {
    const std::string registry = RegistryOf(group.name);
    if (seen.contains(registry) && IsEssential(registry, context.catalogue) &&
        made[group.name] < group.lasting) {
      missing.push_back({&group, made[group.name]});
    }
  }
  std::ranges::sort(missing, {}, [](const MissingObjects& one) { return one.group->order; });
  return missing;
}

std::vector<std::string> FindMissingFiles(const Evidence& evidence, const OracleContext& context) {
  const std::vector<std::string> expected = FilesIn(context.fault_free->left_behind);
  const std::vector<std::string> left = FilesIn(evidence.left_behind);
  if (context.profile.stop.kind != StopAction::Kind::kByItself || left.size() >= expected.size()) {
    return {};
  }
  std::vector<std::string> missing;
  std::ranges::set_difference(expected, left, std::back_inserter(missing));
  return missing;
}

}  // namespace faultline
