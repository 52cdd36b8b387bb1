#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

// The bytes of a regular file. nullopt, and `problem` says why, when it cannot be read, is
// something else (a FIFO would never end) or is larger than `max_bytes`. Failure (kCannotWork) when
// this process has no descriptor left for it.
std::optional<std::string> ReadTextFile(const std::filesystem::path& file, size_t max_bytes,
                                        std::string& problem);

// Line (1-based) of the first byte that is NUL or not UTF-8, 0 when there is none.
int LineOfBadUtf8(std::string_view text);

}  // namespace faultline
