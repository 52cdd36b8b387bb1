#include "harness/oracle/leaked_objects.h"

#include <algorithm>
#include <map>

namespace faultline {
namespace {

std::map<std::string, std::vector<TrackedObject>> AliveByGroup(const Evidence& evidence,
                                                               const Catalogue& catalogue) {
  std::map<std::string, std::vector<TrackedObject>> groups;
  for (TrackedObject& object : TrackObjects(evidence, catalogue)) {
    if (!object.ended_by) {
      groups[object.group].push_back(std::move(object));
    }
  }
  return groups;
}

// Did the fault-free run release more of the group than this run? What it keeps some of, without
// names to tell which, says nothing.
bool IsLeak(const ObjectGroup& fault_free, const std::vector<TrackedObject>& alive) {
  const bool releases = fault_free.created > fault_free.alive;
  const bool nameless = alive.front().label.empty();
  return releases && static_cast<int>(alive.size()) > fault_free.alive &&
         (!nameless || fault_free.alive == 0);
}

}  // namespace

std::vector<LeakedGroup> FindLeakedObjects(const Evidence& evidence, const OracleContext& context) {
  if (context.fault_free == nullptr || evidence.exit.kind != ExitStatus::Kind::kExited ||
      !HasUnwound(evidence, context.catalogue, context.profile)) {
    return {};
  }
  std::map<std::string, std::vector<TrackedObject>> alive =
      AliveByGroup(evidence, context.catalogue);
  std::erase_if(alive, [&](const auto& entry) {
    const ObjectGroup* known = context.fault_free->FindGroup(entry.first);
    return known == nullptr || !IsLeak(*known, entry.second);
  });
  std::map<std::string, LeakedGroup> leaked;
  for (const auto& [name, objects] : alive) {
    const ObjectGroup& known = *context.fault_free->FindGroup(name);
    const auto whole = std::find_if(known.part_of.begin(), known.part_of.end(),
                                    [&](const std::string& part_of) { return alive.contains(part_of); });
    if (whole != known.part_of.end()) {
      leaked[*whole].parts.push_back(name);
    } else {
      leaked[name].objects = objects;
      leaked[name].released_by = known.released_by;
    }
  }
  // A part of a part belongs to the whole that is told.
  std::erase_if(leaked, [](const auto& entry) { return entry.second.objects.empty(); });
  std::vector<LeakedGroup> out;
  for (auto& [name, group] : leaked) {
    out.push_back(std::move(group));
  }
  std::sort(out.begin(), out.end(), [](const LeakedGroup& a, const LeakedGroup& b) {
    return a.objects.front().record < b.objects.front().record;
  });
  return out;
}

}  // namespace faultline
