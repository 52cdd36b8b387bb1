#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// An object of a registry, with what it is known by in every run of the same program.
struct TrackedObject {
  std::string registry;
  std::string name;   // as the target calls it; "" = it has none
  std::string label;  // the name without what differs from run to run, see WithoutNumbers
  // "REGISTRY `LABEL'", or, where objects have no names, "REGISTRY at HASH" with a hash of the
  // innermost frames of the stack that created it.
  std::string group;
  size_t record = 0;               // of its creation, index into JournalSnapshot::records
  std::optional<size_t> ended_by;  // of its end
  // Indexes into the list: of the object that was being made when this one was, and of the one that
  // was being ended when this one was. It is a part of those.
  std::optional<size_t> made_in;
  std::optional<size_t> ended_in;
};

// The objects of all registries whose ends are seen (RegistryReplay::ends_seen), in order of
// registry and creation.
std::vector<TrackedObject> TrackObjects(const Evidence& evidence, const Catalogue& catalogue);

// `stack`, of the call that made an object, without the frames of the observed functions
// themselves: rte_malloc_socket calls on behalf of whoever called rte_zmalloc.
Stack WithoutMakers(const Stack& stack, const Catalogue& catalogue);

// Pids, counters and addresses as '#': each run of digits, and "0x" with what follows. Also words
// of eight or more hexadecimal digits with at least one decimal digit among them, and UUIDs.
std::string WithoutNumbers(const std::string& text);

}  // namespace faultline
