#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"

// Registries of live objects (io_devices, mempools, ...), rebuilt after the run from the journal's
// records of observed calls. Unlike the target's own checks they are there in release builds too.
namespace faultline {

struct RegistryObject {
  uint64_t key = 0;
  std::string label;  // the name it was created with; "" = its observer records none
  size_t record = 0;  // of its creation, index into JournalSnapshot::records
  // Of the call that ended it, likewise; none = it was alive at the end of the journal.
  std::optional<size_t> ended_by;
};

// A call on an object that is not alive.
struct RegistryViolation {
  enum class History {
    kNeverCreated,
    kCreateFailed,  // the last creation of this key reported an error
    kDestroyed,     // it was alive once
  };
  Observer::Event event = Observer::Event::kDestroy;  // kDestroy or kUse
  History history = History::kNeverCreated;
  uint64_t key = 0;
  std::string label;  // from the call itself or an earlier creation of this key; "" = not known
  std::string observer;
  size_t record = 0;  // of the call, index into JournalSnapshot::records
};

struct RegistryReplay {
  std::string registry;
  // False when creations could not all be seen (no hook on them): then nothing below may be judged,
  // and `why_not` says which.
  bool complete = false;
  std::string why_not;
  // Functions that end objects are hooked, none of them was refused, and no record is missing: what
  // seems to be alive at the end is.
  bool ends_seen = false;
  std::vector<RegistryViolation> violations;  // in order
  std::vector<RegistryObject> objects;        // all that ever lived, in order of creation

  std::vector<RegistryObject> Alive() const;  // at the end of the journal
};

// Replays every registry of the catalogue, in order of name. Rules:
// - A creation whose key is an argument holds unless an error was noted while it ran (the agent
//   also notes a fault injected into it); one whose key is the result holds when that is not 0; see
//   Observer::Success.
// - A second creation of a live key does not replace it; a key may be used again after its end. A
//   counted object ends with the last of its references.
// - Destroying what is not alive is a violation, except from one of the observer's ignore_callers:
//   a deferred end that the registry has already recorded. To destroy by a pointer that is already
//   null is none either.
// - An end that reports an error, of an observer with Success::kResultZero, is none. A wrapped
//   creation whose key is stored where an argument points may be recorded behind the end, which
//   another thread has made.
// - A use after a destruction is a violation only once such a deferred end has been seen: until
//   then the object may be waiting for its last user.
// - Forked children are left out. The replay stops at a gap in the journal, where a record is
//   missing.
std::vector<RegistryReplay> ReplayRegistries(const Evidence& evidence, const Catalogue& catalogue);

}  // namespace faultline
