#pragma once

namespace faultline::agent {

// Registers the handlers for fork and exit. In the constructor, so that they come first in a child
// and last at exit.
void WatchForkAndExit();

}  // namespace faultline::agent
