#pragma once

#include "harness/oracle/oracle.h"

namespace faultline {

// Did the target die of a signal that was sent to it: the stop signal, that of a step or of a
// fault, or one that a command of the scenario sent (`run: [kill, -9, ${pid}]`)? To die so may be
// rude, but it is no crash.
bool DiedOfSentSignal(const Evidence& evidence, const OracleContext& context);

// Did the scenario itself put an end to the target: by a signal of a step or of a command, other
// than the signal that asks it to stop in good order? Then that end is as written.
bool EndedAsWritten(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
