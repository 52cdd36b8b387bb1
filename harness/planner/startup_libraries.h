#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// The shared objects that the dynamic loader maps at the start of `program` (as ldd: the loader is
// asked to list them, no code of the program runs). Empty for a static executable. `environment`
// has "NAME=VALUE" entries that the target gets on top of this process's (LD_LIBRARY_PATH matters);
// an LD_PRELOAD of this process does not count. A library that is not found is a Failure
// (kCannotWork). With a `cache_dir` ("" = none) the answer is remembered until the program, one of
// the libraries or the loader's own cache changes (1 ms instead of 2 to 20).
std::vector<std::filesystem::path> StartupLibraries(
    const std::filesystem::path& program, const std::vector<std::string>& environment = {},
    const std::filesystem::path& cache_dir = {});

}  // namespace faultline
