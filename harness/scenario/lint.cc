#include "harness/scenario/lint.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/load_baseline.h"
#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_profile.h"
#include "harness/scenario/load_steps.h"

namespace faultline {

Diagnostics LintFile(const std::filesystem::path& file, const LoadOptions& options) {
  Diagnostics diagnostics;
  const std::string kind = std::filesystem::absolute(file).parent_path().filename();
  if (kind == "catalogue") {
    Catalogue catalogue;
    LoadCatalogueFile(file, catalogue, diagnostics);
  } else if (kind == "profiles") {
    const Profile profile = LoadProfileFile(file, {}, diagnostics);
    LoadCatalogue(options.data_dir, profile.catalogues, diagnostics, profile.catalogues_position);
  } else if (kind == "steps") {
    LoadStepsFile(file, {options.data_dir, options.set, true}, diagnostics);
  } else if (kind == "baselines") {
    LoadBaseline(file, diagnostics);
  } else {
    LoadScenario(file, options, diagnostics);
  }
  return diagnostics;
}

std::vector<std::filesystem::path> FindDataFiles(const std::filesystem::path& root) {
  if (!std::filesystem::is_directory(root)) {
    return {root};
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && entry.path().extension() == ".yaml") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace faultline
