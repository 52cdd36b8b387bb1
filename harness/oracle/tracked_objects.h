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
  std::string label;  // numbers written as '#': pids and counters differ from run to run
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

// Each run of digits as '#'.
std::string WithoutNumbers(const std::string& text);

// The record (index into JournalSnapshot::records) of the first call that begins to give back what
// the target took. nullopt when there was none, or none is known.
std::optional<size_t> BeginOfUnwinding(const Evidence& evidence, const Catalogue& catalogue);

// Did the target give back what it took, or try to? True once a function that the catalogue knows
// as the beginning of that was called; where the target has none, when it was asked to stop and
// exited as after a clean stop. A start that fails may just exit: it owes nothing that the kernel
// takes back.
bool HasUnwound(const Evidence& evidence, const Catalogue& catalogue, const Profile& profile);

}  // namespace faultline
