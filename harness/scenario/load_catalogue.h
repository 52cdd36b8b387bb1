#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/catalogue.h"
#include "harness/scenario/diagnostics.h"

namespace faultline {

// Reads catalogue files and joins them: names are unique over all of them. `names` are file names
// below DATA_DIR/catalogue without ".yaml"; an unknown one is reported with the nearest (at
// `asked_at`, where the name was written). The format is described in scenarios/README.md.
// Thread-safe.
Catalogue LoadCatalogue(const std::filesystem::path& data_dir,
                        const std::vector<std::string>& names, Diagnostics& diagnostics,
                        const SourcePosition& asked_at = {});
// The same; throws Failure (kBadInput) with everything that is wrong.
Catalogue LoadCatalogue(const std::filesystem::path& data_dir,
                        const std::vector<std::string>& names);

// One catalogue file, appended to `catalogue`.
void LoadCatalogueFile(const std::filesystem::path& file, Catalogue& catalogue,
                       Diagnostics& diagnostics);

// Names of all catalogues of a data directory, sorted.
std::vector<std::string> CatalogueNames(const std::filesystem::path& data_dir);

}  // namespace faultline
