#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"

// What a target said of its trouble before it came to its end.
namespace faultline {

// Does a line report an error: by its level, or, where it has none, by its words? A notice or a
// warning never does, whatever it says.
bool ReportsError(std::string_view line);

// Index into Evidence::log of the last line that reports an error, written at `before_ms` or
// earlier (since the start of the target) and among the last `most_lines`; nullopt when there is
// none. What fault-free runs say too (`fault_free`, may be nullptr) is the error of nothing.
std::optional<size_t> FindLastError(const Evidence& evidence, const FaultFreeRun* fault_free,
                                    int64_t before_ms = std::numeric_limits<int64_t>::max(),
                                    size_t most_lines = std::numeric_limits<size_t>::max());

// A line as a title tells it: without what the logger puts in front, down to the level: "no memory
// for ring 3" of "[2026-01-02 20:21:22] a.c: 12:grow: *ERROR*: no memory for ring 3".
std::string MessageOfLine(std::string_view line);

}  // namespace faultline
