#include "harness/oracle/leaked_objects.h"

#include <algorithm>
#include <map>

#include "harness/oracle/unwinding.h"

namespace faultline {
namespace {

using Groups = std::map<std::string, std::vector<TrackedObject>>;

Groups AliveByGroup(const std::vector<TrackedObject>& tracked) {
  Groups groups;
  for (const TrackedObject& object : tracked) {
    if (!object.ended_by) {
      groups[object.group].push_back(object);
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

// The leaked group that `objects` are parts of: they were made inside its making, or end inside its
// end. "" when there is none.
std::string WholeOf(const ObjectGroup& group, const std::vector<TrackedObject>& objects,
                    const std::vector<TrackedObject>& tracked, const Groups& alive) {
  const std::optional<size_t> whole = objects.front().made_in;
  if (whole && tracked[*whole].group != group.name && alive.contains(tracked[*whole].group)) {
    return tracked[*whole].group;
  }
  const auto found = std::find_if(group.part_of.begin(), group.part_of.end(),
                                  [&](const std::string& name) { return alive.contains(name); });
  return found == group.part_of.end() ? "" : *found;
}

// Was a function that ends objects of `registry` itself made to fail? Then the target did try, and
// what is left is the fault's doing.
bool EndWasInjected(const std::string& registry, const Evidence& evidence,
                    const Catalogue& catalogue) {
  return std::any_of(
      evidence.injections.begin(), evidence.injections.end(), [&](const Injection& injection) {
        const FaultPoint* point = catalogue.FindPoint(injection.point);
        return point != nullptr &&
               std::any_of(catalogue.observers.begin(), catalogue.observers.end(),
                           [&](const Observer& observer) {
                             return observer.registry == registry &&
                                    observer.event == Observer::Event::kDestroy &&
                                    std::find_first_of(
                                        observer.symbols.begin(), observer.symbols.end(),
                                        point->symbols.begin(),
                                        point->symbols.end()) != observer.symbols.end();
                           });
      });
}

}  // namespace

std::vector<LeakedGroup> FindLeakedObjects(const Evidence& evidence, const OracleContext& context) {
  if (context.fault_free == nullptr || evidence.exit.kind != ExitStatus::Kind::kExited ||
      !HasUnwound(evidence, context)) {
    return {};
  }
  const std::vector<TrackedObject> tracked = TrackObjects(evidence, context.catalogue);
  Groups alive = AliveByGroup(tracked);
  std::erase_if(alive, [&](const auto& entry) {
    const ObjectGroup* known = context.fault_free->FindGroup(entry.first);
    return known == nullptr || !IsLeak(*known, entry.second) ||
           EndWasInjected(entry.second.front().registry, evidence, context.catalogue);
  });
  std::map<std::string, LeakedGroup> leaked;
  for (const auto& [name, objects] : alive) {
    const ObjectGroup& known = *context.fault_free->FindGroup(name);
    const std::string whole = WholeOf(known, objects, tracked, alive);
    if (whole.empty()) {
      leaked[name].objects = objects;
      leaked[name].released_by = known.released_by;
      leaked[name].release_chain = known.release_chain;
      leaked[name].released_by_stop = known.released_by_stop;
      leaked[name].ended = known.ended;
    } else {
      const TrackedObject& part = objects.front();
      leaked[whole].parts.insert(part.label.empty() ? part.registry : name);
    }
  }
  // A part of a part is told by the whole of that.
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
