#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/protocol/plan.h"
#include "harness/scenario/source_position.h"

// What can be made to fail in a target, and what is watched in it.
namespace faultline {

using Condition = protocol::PlanCondition;

// See protocol::PlanReplacement for the meaning of each kind.
struct Replacement {
  using Kind = protocol::PlanReplacement::Kind;
  Kind kind = Kind::kText;
  int argument = 0;  // 0 to 5
  int offset = 0;
  int width = 8;
  int64_t value = 0;
  std::string text;
};

// What a forced failure looks like to the caller.
struct FailureValue {
  // What of rax the caller looks at.
  enum class Shape {
    kPointer,  // all of it: null, MAP_FAILED
    kNumber,   // an int; also of wider ones the lower half tells a failure
    kBool,     // the lowest byte
    kVoid,     // nothing
  };
  int64_t result = 0;                          // return value, sign-extended to 64 bits
  int errno_value = 0;                         // 0: errno is not touched
  std::map<std::string, int> error_variables;  // as {"rte_errno": ENOMEM}; names as in
                                               // Catalogue::error_variables
  Shape shape = Shape::kNumber;
};

// The file that a call is about, by one of its integer arguments.
struct FileArgument {
  enum class Kind {
    kDescriptor,  // the argument is a descriptor
    kStream,      // a FILE*; null means all of them
    kStdout,      // standard output, without an argument
  };
  Kind kind = Kind::kDescriptor;
  int argument = 0;  // 0 to 5
};

struct FaultPoint {
  // Why a call of it fails in the real world.
  enum class Kind {
    kLeaf,     // the environment can refuse it at any call: the C library, the kernel, hugepages,
               // DPDK's allocation from them
    kState,    // the target's own state decides: an empty pool, a full ring
    kDerived,  // a function of the target's that fails because something below it failed
  };
  std::string name;                  // "dpdk/mempool/create"
  std::vector<std::string> symbols;  // every definition of any of them is the point
  std::string module;  // base-name prefix ("libc.so") the symbols must lie in; "" = any
  FailureValue failure;
  std::vector<Condition> when;         // see protocol::PlanCondition
  std::vector<Replacement> instead;    // not empty: it runs with these and fails by itself
  bool after_call = false;             // the original runs, then the failure is reported
  std::optional<int> held_by_another;  // argument with the descriptor of a file that another
                                       // process holds when the call fails, so that it may stay
  Kind kind = Kind::kDerived;          // who says nothing promises nothing
  std::string fails_when;              // what makes it fail, for people; "" for derived points only
  std::optional<FileArgument> file;    // what the call is about, when that is a file
  bool writes = false;                 // a failed call loses, or holds back, what was to be written
  bool waits = false;                  // a target that has nothing to do calls it all the time
  std::string summary;
  SourcePosition position;
};

// A function whose calls build a registry of live objects (journal records of kind kObserved).
struct Observer {
  enum class Event {
    kCreate,     // an object with `key` comes to life
    kDestroy,    // it ends; on an object that is not there: io-device-missing and the like
    kUse,        // it must be alive
    kErrorNote,  // not an object: an error message; a wrapped create during which it comes has
                 // failed
    kUnwind      // not an object: from here on the target gives back what it took
  };
  // When a creation holds.
  enum class Success {
    kByKey,       // key is the result: it is not 0; key is an argument: no error was noted
    kResultZero,  // the function returns 0, as most of C's do
  };
  std::string name;      // "io_device/register"
  std::string registry;  // "io_device"; objects of different registries never meet
  Event event = Event::kCreate;
  std::vector<std::string> symbols;
  std::string module;
  std::optional<int> key_argument;    // 0 to 5; none = the result
  bool key_is_pointee = false;        // the argument is the address of the key
  std::optional<int> label_argument;  // a C string
  bool key_is_label = false;          // objects are known by a number, as ports are
  Success success = Success::kByKey;
  bool essential = false;    // a target that lacks one of these has not succeeded
  bool never_stays = false;  // none may be left by a target that has unwound, whatever others do
  bool stop_waits = false;   // a target does not end while one of these is alive
  bool once = false;         // ending an object that has ended already is a finding: double-free
  bool counted = false;      // each creation of a live object is one more reference to it
  // This observer sees the calls of that one again, as creations of what they return: a function
  // that uses one object and makes another. It has no symbols of its own.
  std::string same_call_as;
  bool wrap = false;    // the result is needed, or failure is known by an error note
  int stack_words = 0;  // stack arguments of the function, in 8-byte words
  std::vector<Condition> when;
  std::vector<std::string> ignore_callers;  // functions whose calls are legitimate repeats
  std::string summary;
  SourcePosition position;
};

// Calls of fault points that are told apart by who makes them.
struct CallPattern {
  std::string point;                 // name of a point, or the beginning of several with a '*'
  std::vector<std::string> callers;  // functions, any one of them; empty = any
  std::string why;
  SourcePosition position;

  bool Covers(const std::string& point_name) const;
};

struct Catalogue {
  std::vector<FaultPoint> points;     // names are unique
  std::vector<Observer> observers;    // names are unique
  std::vector<std::string> wrappers;  // functions dropped from call stacks ("operator new")
  // Functions that end the process on behalf of whoever calls them ("__rte_panic").
  std::vector<std::string> abort_helpers;
  // Groups of points that are layers of one allocation ("dpdk/malloc"): of those that a call passes
  // one after the other, one is a place to fail.
  std::vector<std::string> allocations;
  std::map<std::string, std::string> error_variables;  // "rte_errno" -> "per_lcore__rte_errno"
  // May fail without anybody being told; a caller is any function on the stack.
  std::vector<CallPattern> benign;
  // Never fail, whatever else the point's `fails_when` says: a ring that has room for all that was
  // ever taken from it is never full. A caller is the function that makes the call.
  std::vector<CallPattern> cannot_fail;

  const FaultPoint* FindPoint(const std::string& name) const;  // nullptr when there is none
};

// Whether a function that really ran and left `rax` has failed as `failure` says that it does: any
// negative number stands for a negative one, any but 0 for a positive one. One that returns nothing
// has failed when it noted an error (see Observer::Event::kErrorNote) meanwhile.
bool IsFailure(const FailureValue& failure, uint64_t rax, bool error_noted);

// "leaf", "state" or "derived".
std::string ToString(FaultPoint::Kind kind);

// The group of a point: its name up to the last slash.
std::string GroupOf(const std::string& point);

}  // namespace faultline
