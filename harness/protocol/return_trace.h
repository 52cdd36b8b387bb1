#pragma once

#include <cstdint>

// How far up a failure is passed: the agent tells what the functions return that were running when
// the process's first call was made to fail (PlanRule::kFail). Two kinds of JournalRecord.
namespace faultline::protocol {

// Behind the kInjected record of that call, with its `stack`: of the functions of the first `key`
// canonical frames the return is told. None is told when there is no such record.
inline constexpr uint16_t kTraced = 14;
// The function of the canonical frame `index` (0: the one that made the failed call) has returned
// `result` to the function of the next one. Never comes for one that does not return: it ended the
// process, was left by an exception or longjmp, or still runs.
inline constexpr uint16_t kCameBack = 15;

// More frames than that lie outside of what makes a call: loops of events, main().
inline constexpr uint32_t kMostTracedFrames = 12;

}  // namespace faultline::protocol
