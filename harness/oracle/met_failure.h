#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"
#include "harness/symbols/return_type.h"

// Which function a failure came to: not the one that made the failed call, where that hands the
// failure on by what it returns, but the first that does not. This is observed (see
// protocol/return_trace.h), and guessed only where it was not.
namespace faultline {

// What a function returned that was running when a call was made to fail.
enum class Returned {
  kNotSeen,   // nobody looked, or what it returned does not tell
  kFailure,   // the failure was handed on
  kSuccess,   // as if nothing had failed
  kNothing,   // it is void
  kNotAtAll,  // it ended the process, or still runs
  kThrown,    // it was left otherwise: by an exception, longjmp
};

struct MetFailure {
  // The frames of Injection::stack from the function on that the failure came to. Functions of
  // fault points are passed over where nothing was seen of them: when spdk_bdev_open_ext fails
  // because a call in it was made to fail, its caller meets the same failure as when
  // spdk_bdev_open_ext itself is. The whole stack, less its machinery, when there is nothing else.
  Stack stack;
  Returned returned = Returned::kNotSeen;  // by the function at the front
  std::vector<std::string> handed_on_by;   // those seen to return a failure, innermost first
  // What was seen of each frame of Injection::stack; frames of one function and of what was
  // inlined there tell the same. Empty when nothing was seen.
  std::vector<Returned> of_frames;

  // Of the frame that has `outwards` frames from itself on to the end of the stack.
  Returned Of(size_t outwards) const;
};

// Who met the first failure of a run (see FirstFailure); an empty stack when nothing failed.
MetFailure FindWhoMet(const Evidence& evidence, const Catalogue& catalogue);
// The same of `failure`, one of the run's, of which nothing was seen when it is not the first.
MetFailure FindWhoMet(const Evidence& evidence, const Catalogue& catalogue,
                      const Injection& failure);

// What a function that returns `type` says by `value` (rax). `point`: of a function of the
// catalogue, else nullptr; asked where the type is not known, or a number may be a count. `error`:
// of the failed call, as ENOMEM; 0: none. Not told of numbers that may be counts as well as
// failures.
Returned ReadReturn(ReturnType type, uint64_t value, const FaultPoint* point, int error);

// How the failure went up, for a finding: "poller_register and spdk_poller_register_named returned
// a failure to shutdown_iscsi_conns, which returned nothing". "" when nothing was seen of it.
std::string HowItWentUp(const MetFailure& met);

}  // namespace faultline
