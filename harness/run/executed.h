#pragma once

#include <filesystem>

#include "harness/run/executor.h"
#include "harness/run/live_run.h"

namespace faultline {

// Failure (kBadInput) when a program was ended because it must not run as it was about to: see
// CheckSafeToStart and ArgumentGuard.
void ThrowRefusal(LiveRun& run);

// `program`, which children of the target have executed, in the one of them that is meant: the
// first that lives, else the last (`program --check && program`).
Executed InChild(LiveRun& run, const std::filesystem::path& program);

// The program that turns out to be the target of a run although another was hooked: the agent is
// not in it, and whatever was judged would be about nothing.
//
// A child of a wrapper (`sh -c 'program & wait'`, timeout, `setsid -f`, `unshare --fork`) that is
// the target: the one that the profile's `wraps` names, else the only one that such a program waits
// for. Empty: there is none, or it is hooked already. To be asked before the target is asked to
// stop, and once more when it has ended, as long as its children live. Takes up to 2 s for a target
// that ended and has left a process behind, and, unless `has_waited`, which is set then, 0.2 s for
// one that has a child and does not wait for it yet. Failure (kBadInput) when it might be several,
// or is not the one that `wraps` says, or was started more than once.
Executed ExecutedInChild(LiveRun& run, bool& has_waited);

// As above, or what was executed in the target's own place before it was ready. `in_child` is what
// ExecutedInChild() said. Failure as ThrowRefusal. To be asked when the target has ended.
Executed ExecutedInstead(LiveRun& run, const Executed& in_child);

// Has this run, for which earlier ones had shown what it executes, not executed that, so that the
// agent is in no process of it? To be asked when the target was ready, or has ended.
bool ThatIsStale(LiveRun& run);

// May the started program be about to execute another, which nothing has shown yet? Waits until it
// has done so, in its place or in a child that lasts (0.5 s, below a script 2 s), or has had no
// child for 0.5 s; at most 10 s. Of a wrapper whose target does not tell that it is ready, what a
// step did before would be done to the wrapper.
void AwaitWrapper(LiveRun& run);

}  // namespace faultline
