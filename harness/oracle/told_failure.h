#pragma once

#include <string>

#include "harness/oracle/oracle.h"

// Errors that a target reports in words, to whoever asked it for something: a target without
// requests of its own (RPC) has no other answer.
namespace faultline {

// Does `text`, a line of the target's log or of a command that talked with it, report an error that
// no fault-free run reports?
bool TellsNewError(const std::string& text, const OracleContext& context);

// Step `result` waited for words of the target, or for a command that talks with it, and did not
// get what was written: was it told of an error instead? Since it was asked for, or in what the
// command said. Only where that is an answer to the failure: a call was made to fail while this was
// asked for, or before the target was ready, so that it runs without what failed. A request that
// was refused earlier must have changed nothing.
bool WasToldOfFailure(const StepResult& result, const Evidence& evidence,
                      const OracleContext& context);

// The same of a step that is a command, however that ended: what it printed reports an error that
// no fault-free run reports, and a call was made to fail while it ran, or before the target was
// ready. A client that speaks the target's own protocol shows what the target answered.
bool CommandWasToldOfFailure(const StepResult& result, const Evidence& evidence,
                             const OracleContext& context);

// Did the target, in this life, tell anybody that something failed: by an error line, an error
// answer, a step that did not get what it asked for, or an exit code other than a clean one?
bool ToldOfAnyFailure(const Evidence& life, const OracleContext& context);

}  // namespace faultline
