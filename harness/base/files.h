#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

// The whole of a file; nothing when it is not there or cannot be read.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

// Replaces `path` by a file with `content` and mode 0600, such that a reader sees the old or the
// new content and never a part. Missing directories are made (0700). Throws Failure (kCannotWork).
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

}  // namespace faultline
