#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace faultline {

// What a data file is.
enum class DataKind { kScenario, kProfile, kCatalogue, kSteps, kBaseline };

// "profile", and the directory that such files have for themselves, "profiles"; a scenario has none
// ("").
std::string_view NameOf(DataKind kind);
std::string_view DirectoryOf(DataKind kind);

// What the file is: by the name of its directory when that is one of those above, else by its keys,
// so that a profile may lie beside its scenario. What cannot be read, or could be anything, is a
// scenario. Never fails.
DataKind KindOfFile(const std::filesystem::path& file);

// Does the file belong to Faultline at all? One of another program's has none of the keys that ours
// have. What cannot be read as YAML is taken for ours, so that its mistake is told.
bool IsDataFile(const std::filesystem::path& file);

}  // namespace faultline
