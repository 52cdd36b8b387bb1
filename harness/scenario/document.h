#pragma once

#include "harness/scenario/map_reader.h"
#include "harness/scenario/yaml_value.h"

// What all data files have in common: the version key.
namespace faultline {

// The format that this version reads; a file says it as `faultline: 1`.
inline constexpr int kFormatVersion = 1;

// Reads the `faultline` key. A newer version is a mistake that says so, and the rest of the file
// should not be judged: returns false then. `document` is one of a file.
bool CheckVersion(MapReader& document);

}  // namespace faultline
