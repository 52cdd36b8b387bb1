#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/data_path.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/yaml_reader.h"

namespace faultline {

// What steps are read under, besides the ReadContext.
struct StepsScope {
  DataPath data;          // included files are looked for below it
  const Variables& set;   // --set: stronger than an include's `with`
  bool lenient = false;   // see ReadContext
  SavedNames known = {};  // run-time names beside RunTimeNames()
};

struct LoadedSteps {
  std::vector<Step> steps;
  SavedNames saved;                // variables that the steps give values to
  std::set<std::string> declared;  // variables of the included files
};

// A list of steps, includes expanded in place. `variables` are those of the including file.
LoadedSteps ReadSteps(const YamlValue& list, const StepsScope& scope, const Variables& variables,
                      Diagnostics& diagnostics);

// A file of steps by itself (lint), its variables at their defaults.
LoadedSteps LoadStepsFile(const std::filesystem::path& file, const StepsScope& scope,
                          Diagnostics& diagnostics);

}  // namespace faultline
