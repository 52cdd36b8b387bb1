#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/yaml_value.h"

// What all data files have in common: the version key, and being named by a word.
namespace faultline {

// The format that this version reads; a file says it as `faultline: 1`.
inline constexpr int kFormatVersion = 1;

// Reads the `faultline` key. A newer version is a mistake that says so, and the rest of the file
// should not be judged: returns false then. `document` is one of a file.
bool CheckVersion(MapReader& document);

// Names NAME of the files NAME.yaml in `dir`, sorted; empty when there is no such directory.
std::vector<std::string> NamesIn(const std::filesystem::path& dir);

// DIR/NAME.yaml; reports an unknown name, with the nearest, as "unknown WHAT `NAME`".
std::optional<std::filesystem::path> FindNamed(const std::filesystem::path& dir,
                                               std::string_view what, const std::string& name,
                                               const SourcePosition& asked_at,
                                               Diagnostics& diagnostics);

}  // namespace faultline
