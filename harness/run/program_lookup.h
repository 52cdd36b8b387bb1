#pragma once

#include <filesystem>
#include <string>

#include "harness/base/program_path.h"  // FindInPath
#include "harness/scenario/profile.h"

namespace faultline {

// Where a target's program is, or why it cannot be started. Exactly one of the two is set.
struct ProgramSearch {
  std::filesystem::path program;  // absolute
  std::string problem;            // what was looked for, where, and how to get it
};

// The directory of the running executable. Faultline's agent and own targets lie there, or in
// ../lib/faultline when it is installed.
std::filesystem::path OwnDirectory();

// Finds the program of `profile`: `given` (from --program) when not empty, else the path in the
// environment variable profile.program_variable, else profile.program. Each is a path (with a
// slash) or a bare name, looked up in `own_directory`, its ../lib/faultline, and then in PATH.
ProgramSearch FindProgram(const Profile& profile, const std::filesystem::path& given,
                          const std::filesystem::path& own_directory);

// As FindProgram, but a program that is not there is a Failure: kBadInput when `given` names it,
// else kCannotWork.
std::filesystem::path RequireProgram(const Profile& profile, const std::filesystem::path& given,
                                     const std::filesystem::path& own_directory);

// The agent library in `own_directory` or its ../lib/faultline; Failure (kCannotWork) when it is in
// neither.
std::filesystem::path RequireAgent(const std::filesystem::path& own_directory);

}  // namespace faultline
