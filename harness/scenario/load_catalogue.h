#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/catalogue.h"
#include "harness/scenario/data_path.h"
#include "harness/scenario/diagnostics.h"
#include "harness/scenario/profile.h"

namespace faultline {

// Reads catalogue files and joins them: names are unique over all of them. `names` are found in
// `data` (see DataPath::Find); an unknown one is reported with the nearest (at `asked_at`, where
// the name was written). The format is described in scenarios/README.md. Thread-safe.
Catalogue LoadCatalogue(const DataPath& data, const std::vector<std::string>& names,
                        Diagnostics& diagnostics, const SourcePosition& asked_at = {});
// The same; throws Failure (kBadInput) with everything that is wrong.
Catalogue LoadCatalogue(const DataPath& data, const std::vector<std::string>& names);

// The catalogues of a profile, found in `data`. Also reports a registry that the profile names and
// no observer of theirs has, with the nearest.
Catalogue LoadCatalogueOf(const Profile& profile, const DataPath& data, Diagnostics& diagnostics);

// One catalogue file with those that it extends, appended to `catalogue`.
void LoadCatalogueFile(const std::filesystem::path& file, const DataPath& data,
                       Catalogue& catalogue, Diagnostics& diagnostics);

}  // namespace faultline
