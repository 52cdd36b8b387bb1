#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/oracle/oracle.h"

namespace faultline {

// A call that failed without anybody being told: no error answer, no exit code, no line of the log
// that is an error (Profile::error_lines) and that fault-free runs lack. Most do no harm; where a
// caller does not look at what it gets, one may. No finding.
struct SilentFailure {
  std::string function;  // that met the failure; "" where the stack has no names
  std::string place;     // "function (file:line)" of the call
  std::string point;
  // A request during which it failed changed less of the target's state (Profile::state_probes)
  // than it does in the fault-free run, and reported success; "" = none did, or nobody looked.
  std::string lacking_request;
  // The call was made once more later on, or another in its place: who does so has looked.
  bool tried_again = false;
};

// Of the first call that was made to fail in a run that came to a good end. nullopt when somebody
// was told, when the catalogue calls the failure benign, and where the log is no report.
std::optional<SilentFailure> FindSilentFailure(const Evidence& evidence,
                                               const OracleContext& context);

}  // namespace faultline
