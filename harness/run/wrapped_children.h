#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/run/live_run.h"

// Which of the processes below the started one may be the target that it is there for.
namespace faultline {

// Does what the started process executes now exist to execute another program: a shell, timeout, a
// script, whatever reads it?
bool IsWrapper(LiveRun& run);

// How long a child must have lived to be what a wrapper is for, where nothing else tells: it may be
// a helper about to end. A script executes one after the other; some load a driver, or wait for a
// disk.
inline constexpr int64_t kLastingMs = 500;
inline constexpr int64_t kLastingOfScriptMs = 2'000;
int64_t LastingMs(LiveRun& run);

// Those that the target itself has started, or wrappers that it has started; not their helpers, nor
// those of what was there before (`helper & exec program`; pyenv's shims). Of wrappers alone, the
// outermost.
std::vector<ChildProgram> Children(LiveRun& run);

// What they execute, each once, in order.
std::vector<std::string> ProgramsOf(const std::vector<ChildProgram>& children);

// Programs that children of the target execute, one of which may be what the target is for: it only
// waits for them, has left them behind, or has run to completion and is made to execute others.
// Takes as long as ExecutedInChild (executed.h).
std::vector<std::string> WrappedPrograms(LiveRun& run, bool& has_waited);

}  // namespace faultline
