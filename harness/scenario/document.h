#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/yaml_value.h"

// What all data files have in common: the version key, and the names of the directory that they lie
// in.
namespace faultline {

// The format that this version reads; a file says it as `faultline: 1`.
inline constexpr int kFormatVersion = 1;

// Reads the `faultline` key. A newer version is a mistake that says so, and the rest of the file
// should not be judged: returns false then. `document` is one of a file.
bool CheckVersion(MapReader& document);

// The directory that `file` lies in, absolute, as the value of a variable (each $ is doubled).
std::string DirectoryOf(const std::filesystem::path& file);

// As ReadYamlFile, with ${NAME} of each of `names` (kFileDir, kScenarioDir) replaced by
// DirectoryOf(file) wherever it stands: a text keeps its meaning in whatever file takes it over.
YamlPtr ReadDocument(const std::filesystem::path& file, Diagnostics& diagnostics,
                     const std::vector<std::string>& names);

}  // namespace faultline
