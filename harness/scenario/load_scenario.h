#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/data_path.h"
#include "harness/scenario/diagnostics.h"
#include "harness/scenario/model.h"
#include "harness/scenario/site_place.h"
#include "harness/scenario/substitute.h"

namespace faultline {

struct LoadOptions {
  DataPath data;            // see FindData
  std::string profile;      // instead of the scenario's (--profile); "" = the scenario's
  Variables set;            // --set; a key that nothing declares is a mistake
  std::string target = {};  // instead of the scenario's `subject` (--target); "" = as written
};

// A scenario with all that it refers to; of several targets, what the subject has. Variables are
// substituted everywhere, in the profile too; run-time names are left for ExpandForRun in: the
// profile's texts named in load_profile.h, extra_args, environment, argv of commands, params and
// expected values of RPCs, the patterns of expect_log, of expected error messages and of a
// profile's ready line, terminal texts.
struct LoadedScenario {
  Scenario scenario;
  Profile profile;
  Catalogue catalogue;            // of the profile
  std::vector<SitePlace> places;  // of the sites of its faults, as far as they are written down
};

// Reads a scenario file, the steps it includes, its profile and the profile's catalogues, and
// checks that they fit: points, step names, faults. What it names is found beside it and then in
// `options.data`. Runs nothing. Thread-safe.
//
// A variable's value is, from weakest to strongest: the default of an included file of steps, the
// profile's default, the scenario's `variables`, an include's `with`, `set`.
LoadedScenario LoadScenario(const std::filesystem::path& file, const LoadOptions& options,
                            Diagnostics& diagnostics);
// The same; throws Failure (kBadInput) with everything that is wrong, one mistake a line.
LoadedScenario LoadScenario(const std::filesystem::path& file, const LoadOptions& options);

// "key=value" of a --set option, added to `set`. Failure (kBadInput) when it is not of that form.
void AddSetOption(const std::string& text, Variables& set);

}  // namespace faultline
