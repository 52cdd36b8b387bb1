#pragma once

#include <nlohmann/json.hpp>

#include "harness/evidence/evidence.h"

namespace faultline {

// What is kept of a run for good: exit, steps that did not end as written, RPC outcomes, the
// injected calls (their stacks are their sites'), the end of the log; `in_full` also the stacks of
// all threads, more of the log, the command line and the titles of the steps. The journal, most of
// the evidence, is not kept: a replay makes it anew.
nlohmann::json EvidenceToJson(const Evidence& evidence, bool in_full);

}  // namespace faultline
