#pragma once

namespace faultline::agent {

// Hooks the dynamic loader's own signal to debuggers (_dl_debug_state, see link.h's r_brk), which
// it calls after each dlopen has mapped its objects and before any of their code runs, and after
// each dlclose. nullptr, or why that is not possible: objects loaded later then stay without hooks.
const char* HookLoader();

// The loader has changed its list of objects, or is about to. Called on that very thread, under the
// loader's lock.
void OnLoaderEvent();

// Publishes and hooks what is loaded now.
void HookLoadedModules(bool announce_unplanned);

}  // namespace faultline::agent
