#pragma once

#include <string>

#include "harness/report/run_report.h"

// A run as a person reads it on a terminal. What the target wrote is escaped.
namespace faultline {

struct TerminalOptions {
  bool color = false;  // the caller knows whether this is a terminal and whether NO_COLOR is set
  size_t width = 100;  // columns of the terminal, at least 40; a line may take two of its lines
  bool wrap = false;   // long lines are broken between words, for they would be within one
};

// One line: verdict, scenario, program, how it ended, how long it took.
std::string VerdictLine(const RunReport& report, const TerminalOptions& options = {});

// The verdict line; of a run with findings also its story, on about one screen: the findings, what
// was injected where, what the target said and did, what it should have done, how to replay it and
// how to open gdb at the injected call.
std::string TellRun(const RunReport& report, const TerminalOptions& options = {});

// The same for -v: without a limit on anything, with the stacks of all threads, also of a run
// without findings.
std::string TellRunInFull(const RunReport& report, const TerminalOptions& options = {});

}  // namespace faultline
