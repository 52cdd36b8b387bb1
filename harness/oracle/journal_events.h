#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// The last `count` events of the journal, oldest first, one line each: "step 3, thread 4711:
// injected dpdk/ring/create", "... io_device/unregister (iobuf) from spdk_iobuf_finish
// (iobuf.c:170)". Reads the target's files to name the callers. Thread-safe.
std::vector<std::string> LastEvents(const Evidence& evidence, size_t count);

}  // namespace faultline
