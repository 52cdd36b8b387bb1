#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

// The body that WriteCacheFile wrote. nullopt when the file is not there, is damaged, is of another
// version of the planner, or could have been written by somebody else: what is cached becomes code
// in the target.
std::optional<std::string> ReadCacheFile(const std::filesystem::path& file);

// Replaces `file` whole, with a version and a checksum, so that readers see the old or the new one.
// Of the files with the same extension in the directory the oldest go when there are more than 64.
// Throws Failure (kCannotWork).
void WriteCacheFile(const std::filesystem::path& file, std::string_view body);

}  // namespace faultline
