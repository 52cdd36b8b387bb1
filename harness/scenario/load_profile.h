#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/diagnostics.h"
#include "harness/scenario/profile.h"
#include "harness/scenario/substitute.h"

namespace faultline {

// Reads DATA_DIR/profiles/NAME.yaml. `variables` replace the profile's own defaults; in the result
// all are substituted, only run-time names (substitute.h) are left for ExpandForRun in args*,
// app_args, leftovers and environment. `asked_at` is where the name was written. Thread-safe.
Profile LoadProfile(const std::filesystem::path& data_dir, const std::string& name,
                    const Variables& variables, Diagnostics& diagnostics,
                    const SourcePosition& asked_at = {});
// The same; throws Failure (kBadInput) with everything that is wrong. A name in `variables` that
// the profile does not have is a mistake.
Profile LoadProfile(const std::filesystem::path& data_dir, const std::string& name,
                    const Variables& variables = {});

// The file itself, whatever its name.
Profile LoadProfileFile(const std::filesystem::path& file, const Variables& variables,
                        Diagnostics& diagnostics);

// Names of all profiles of a data directory, sorted.
std::vector<std::string> ProfileNames(const std::filesystem::path& data_dir);

}  // namespace faultline
