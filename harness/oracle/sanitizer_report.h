#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// What AddressSanitizer, LeakSanitizer, ThreadSanitizer or UndefinedBehaviorSanitizer wrote.
struct SanitizerReport {
  std::string tool;     // "AddressSanitizer"
  std::string message;  // "heap-use-after-free", "direct leak of memory", UBSan's own words
  Stack stack;          // the first of the report, machinery included; may be empty
  bool fatal = false;   // the tool ended the target
  size_t line = 0;      // index into Evidence::log of its first line
};

// In order of the log. Each direct leak of LeakSanitizer is one; what an indirect one hangs on is
// told by that.
std::vector<SanitizerReport> ReadSanitizerReports(const std::vector<LogLine>& log);

// Is `finding` one of memory that LeakSanitizer reported?
bool IsLeakReport(const Finding& finding);

}  // namespace faultline
