#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/oracle/crash_cause.h"

// What a target that aborted wrote before it died: an assertion, a panic, a check of libc's, an
// exception, or an error of its own words.
namespace faultline {

// Why a target died of SIGABRT. `stack` is the crashed thread's, may be empty; `fault_free` as of
// FindCrashCause.
CrashCause AbortCause(const Evidence& evidence, const Stack& stack, const FaultFreeRun* fault_free);

// The index of the first line that is looked at: other threads may have gone on writing.
size_t FirstOfLastWords(const std::vector<LogLine>& log);

// The function that a line names in front of its level, as SPDK's and others' do:
// "thread.c:3012:spdk_spin_lock: "; "" = none.
std::string FunctionOfLine(const std::string& line);

// Can `function` be who called abort() on `stack`? Where there is no debug info it may be inlined.
bool MayBeOn(const Stack& stack, const std::string& function);

}  // namespace faultline
