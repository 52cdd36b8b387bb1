#include "harness/scenario/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "harness/scenario/check_commands.h"
#include "harness/scenario/load_baseline.h"
#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_profile.h"
#include "harness/scenario/load_steps.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// What a build or a version control keeps is no data of its owner's.
bool IsPassedOver(const fs::path& directory) {
  std::error_code ignored;
  return directory.filename().string().starts_with(".") ||
         fs::exists(directory / "CMakeCache.txt", ignored);
}

}  // namespace

Diagnostics LintFile(const fs::path& file, const LoadOptions& options, Diagnostics* warnings) {
  CommandCheck check;
  Diagnostics& diagnostics = check.mistakes;
  switch (KindOfFile(file)) {
    case DataKind::kCatalogue: {
      Catalogue catalogue;
      LoadCatalogueFile(file, options.data, catalogue, diagnostics);
      break;
    }
    case DataKind::kProfile: {
      const Profile profile = LoadProfileFile(file, options.data, {}, diagnostics);
      LoadCatalogueOf(profile, options.data.Beside(file), diagnostics);
      CheckStopCommand(profile.stop, check);
      break;
    }
    case DataKind::kSteps:
      CheckStepCommands(LoadStepsFile(file, {options.data, options.set, true}, diagnostics).steps,
                        check);
      break;
    case DataKind::kBaseline:
      LoadBaseline(file, diagnostics);
      break;
    case DataKind::kScenario:
      CheckCommands(LoadScenario(file, options, diagnostics), check);
      break;
  }
  if (warnings != nullptr) {
    *warnings = std::move(check.warnings);
  }
  return std::move(check.mistakes);
}

std::vector<fs::path> FindDataFiles(const fs::path& root) {
  std::error_code error;  // a symlink in a circle is neither
  if (!fs::is_directory(root, error)) {
    return {root};
  }
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory(error) && IsPassedOver(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error) && entry->path().extension() == ".yaml" &&
               IsDataFile(entry->path())) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  std::set<fs::path> seen;
  std::erase_if(files, [&](const fs::path& file) {
    const fs::path real = fs::canonical(file, error);
    return !seen.insert(error ? file : real).second;
  });
  return files;
}

}  // namespace faultline
