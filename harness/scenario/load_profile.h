#pragma once

#include <filesystem>
#include <string>

#include "harness/scenario/data_path.h"
#include "harness/scenario/diagnostics.h"
#include "harness/scenario/profile.h"
#include "harness/scenario/substitute.h"

namespace faultline {

// Reads the profile that `name` means (see DataPath::Find) and those that it extends. `variables`
// replace the profile's own defaults; in the result all are substituted, only run-time names
// (substitute.h) are left for ExpandForRun in args*, app_args, leftovers and environment.
// `asked_at` is where the name was written. Thread-safe.
Profile LoadProfile(const DataPath& data, const std::string& name, const Variables& variables,
                    Diagnostics& diagnostics, const SourcePosition& asked_at = {});
// The same; throws Failure (kBadInput) with everything that is wrong. A name in `variables` that
// the profile does not have is a mistake.
Profile LoadProfile(const DataPath& data, const std::string& name, const Variables& variables = {});

// The file itself, whatever its name. What it extends, and the catalogues it names, are found
// beside it and then in `data`.
Profile LoadProfileFile(const std::filesystem::path& file, const DataPath& data,
                        const Variables& variables, Diagnostics& diagnostics);

}  // namespace faultline
