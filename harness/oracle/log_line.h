#pragma once

#include <cstddef>
#include <string_view>

#include "harness/oracle/log_level.h"

namespace faultline {

// A line of a log, split into what the logger adds and what the program says. The views point into
// the line.
struct LogLineParts {
  // Without leading dates, times, counters, process and thread ids, host names and levels, as
  // syslog (RFC 3164 and 5424), glog, log4j, spdlog, Python, nginx, Apache, Redis, the kernel, SPDK
  // and Open vSwitch write them. What names the code stays: "file.c:123:func:", a module, a logger.
  std::string_view message;
  LogLevel level = LogLevel::kNone;
  // The level that stands inside the message, behind the name of a module, a file or a function:
  // "*ERROR*: " of "a.c:1:f: *ERROR*: no memory". Part of `message`; empty when there is none.
  std::string_view inner_level = {};
};

// Only the first 4 KiB are looked at. Thread-safe, no regular expressions.
LogLineParts SplitLogLine(std::string_view line);

}  // namespace faultline
