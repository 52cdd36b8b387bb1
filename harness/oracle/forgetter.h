#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/met_failure.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {

// Who has to give back an object that a run leaves behind.
struct Forgetter {
  // The function that made the object, itself or by those it calls, and in which a call failed
  // later: its error path forgets the object. "" when there is no such function: then it is for
  // whoever unwinds.
  std::string function;
  Stack at_failure;   // of the failed call, from that function outwards
  std::string point;  // what failed there
};

// "open_queues (main.c)", so that functions of one name in several files are told apart; without
// the file where none is known.
std::string NameInFile(const Frame& frame);

// Finding::cause of what that error path forgets; "" when there is none.
std::string CauseOfErrorPath(const Forgetter& forgetter);

// Tells it from the stacks of a run: the deepest function that both the creation and the failed
// call have in common is the one that knows of both. Not counted as one:
// - what was called in different steps or threads has no such function;
// - a function that calls another by a pointer, as loops of events and chains of subsystems do,
//   does not know what that one has made;
// - a function that was left and called again, as a maker of one object is in a loop, knows of one
//   object at a time: then it is the loop's function;
// - a function that returned success, as one that it called had met the failure and told it
//   nothing: it had no error path to take.
// Judges one run; borrows its arguments. Not thread-safe.
class ForgetterFinder {
 public:
  // `met`: FindWhoMet of the run.
  ForgetterFinder(const Evidence& evidence, const std::vector<TrackedObject>& tracked,
                  const MetFailure& met, Symbolizer& symbolizer);

  // `object` is one of the tracked.
  Forgetter Find(const TrackedObject& object) const;

 private:
  struct Failure {
    const Injection* injection;
    size_t record;  // index into JournalSnapshot::records
  };

  Forgetter FindFor(const TrackedObject& object, const Stack& made, const Failure& failure) const;
  bool WasToldNothing(const Forgetter& function, const Injection& failure) const;
  bool WasMadeAgain(const TrackedObject& object, size_t before) const;
  CallSite CallSiteOf(const Frame& frame) const;

  const Evidence& evidence_;
  const std::vector<TrackedObject>& tracked_;
  const MetFailure& met_;
  Symbolizer& symbolizer_;
  std::vector<Failure> failures_;
};

}  // namespace faultline
