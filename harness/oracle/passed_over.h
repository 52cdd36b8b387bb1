#pragma once

#include <optional>
#include <string>

#include "harness/oracle/oracle.h"

namespace faultline {

// An object that a stop which does not end has forgotten.
struct PassedOver {
  std::string name;   // "thread `app'", "poller made by CreateChannel"; part of signatures
  size_t record = 0;  // of its creation, index into JournalSnapshot::records
};

// Among the objects that a stop waits for (Observer::stop_waits), the first made of those that are
// still alive although most of what the fault-free run releases after them has been released; or
// what is left when all others are gone. What the stop had not come to yet is none of these: how
// much of that there is depends on how far the start had come. nullopt when there is none, or no
// stop began.
std::optional<PassedOver> FindPassedOver(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
