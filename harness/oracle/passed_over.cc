#include "harness/oracle/passed_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "harness/oracle/blame.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/oracle/unwinding.h"

namespace faultline {
namespace {

bool StopWaitsFor(const std::string& registry, const Catalogue& catalogue) {
  return std::any_of(catalogue.observers.begin(), catalogue.observers.end(),
                     [&](const Observer& observer) {
                       return observer.registry == registry && observer.stop_waits;
                     });
}

// What there is one of, so that its end in this run is its end in the fault-free one.
struct Landmark {
  int fault_free_end = 0;  // ObjectGroup::ended
  bool released = false;   // by this run's stop
};

std::vector<Landmark> FindLandmarks(const std::vector<TrackedObject>& tracked, size_t begin_of_stop,
                                    const FaultFreeRun& fault_free) {
  std::map<std::string, int> made;
  for (const TrackedObject& object : tracked) {
    ++made[object.group];
  }
  std::vector<Landmark> landmarks;
  for (const TrackedObject& object : tracked) {
    const ObjectGroup* group = fault_free.FindGroup(object.group);
    const bool one = group != nullptr && group->created == 1 && made[object.group] == 1;
    if (one && group->ended != ObjectGroup::kNotEnded) {
      landmarks.push_back({group->ended, object.ended_by && *object.ended_by > begin_of_stop});
    }
  }
  return landmarks;
}

// Has the stop released most of what the fault-free run releases after `end`? One thing more or
// less says nothing: threads end when they come to it.
bool IsPassed(int end, const std::vector<Landmark>& landmarks) {
  const auto behind = std::count_if(landmarks.begin(), landmarks.end(),
                                    [&](const Landmark& one) { return one.fault_free_end > end; });
  const auto released = std::count_if(landmarks.begin(), landmarks.end(), [&](const Landmark& one) {
    return one.fault_free_end > end && one.released;
  });
  return 2 * released > behind;
}

std::string NameOf(const TrackedObject& object, const Evidence& evidence) {
  if (!object.label.empty()) {
    return object.group;
  }
  Symbolizer symbolizer;
  const std::vector<std::string> makers = BlamedFunctions(
      BlamedStack(evidence.journal.records[object.record], evidence.journal, symbolizer));
  return makers.empty() ? object.registry
                        : fmt::format("{} made by {}", object.registry, makers.front());
}

// The first made of `objects` when all are of one group; else nullptr.
const TrackedObject* OnlyGroup(const std::vector<const TrackedObject*>& objects) {
  const bool one = !objects.empty() &&
                   std::all_of(objects.begin(), objects.end(), [&](const TrackedObject* object) {
                     return object->group == objects.front()->group;
                   });
  return one ? objects.front() : nullptr;
}

}  // namespace

std::optional<PassedOver> FindPassedOver(const Evidence& evidence, const OracleContext& context) {
  const std::optional<size_t> stop = BeginOfUnwinding(evidence, context.catalogue);
  if (!stop || context.fault_free == nullptr) {
    return std::nullopt;
  }
  const std::vector<TrackedObject> tracked = TrackObjects(evidence, context.catalogue);
  const std::vector<Landmark> landmarks = FindLandmarks(tracked, *stop, *context.fault_free);
  std::vector<const TrackedObject*> awaited;  // alive
  for (const TrackedObject& object : tracked) {
    const ObjectGroup* group = context.fault_free->FindGroup(object.group);
    if (!object.ended_by && group != nullptr && group->ended != ObjectGroup::kNotEnded &&
        StopWaitsFor(object.registry, context.catalogue)) {
      awaited.push_back(&object);
    }
  }
  std::sort(awaited.begin(), awaited.end(),
            [](const auto* a, const auto* b) { return a->record < b->record; });
  const auto passed = std::find_if(awaited.begin(), awaited.end(), [&](const auto* object) {
    return IsPassed(context.fault_free->FindGroup(object->group)->ended, landmarks);
  });
  const bool stop_acts = std::any_of(landmarks.begin(), landmarks.end(),
                                     [](const Landmark& one) { return one.released; });
  const TrackedObject* left = passed != awaited.end() ? *passed
                              : stop_acts             ? OnlyGroup(awaited)
                                                      : nullptr;
  return left == nullptr ? std::nullopt
                         : std::optional(PassedOver{NameOf(*left, evidence), left->record});
}

}  // namespace faultline
