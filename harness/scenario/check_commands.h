#pragma once

#include "harness/scenario/load_scenario.h"

namespace faultline {

// What is wrong with commands, and what need not be so on another machine, or at another time.
struct CommandCheck {
  Diagnostics mistakes;
  Diagnostics warnings;
};

// Is what a scenario's commands, companions and stop command would start there? Looks at files and
// PATH, runs nothing. A missing file, or one that may not be executed, is a mistake; a program that
// is not in this machine's PATH, and a relative path that means another file than its writer may
// have thought, are warnings. Passed over: what only a run knows (${run_dir}/a), and files that
// a command may have made before.
//
// The script of an interpreter (python3 FILE, sh FILE) is looked at as a program is, but for the
// right to execute it.
void CheckCommands(const LoadedScenario& loaded, CommandCheck& check);
void CheckStopCommand(const StopAction& stop, CommandCheck& check);
void CheckStepCommands(const std::vector<Step>& steps, CommandCheck& check);

// The same before a run: Failure (kBadInput) with all mistakes and all that is not in PATH.
void RequireCommands(const LoadedScenario& loaded);

}  // namespace faultline
