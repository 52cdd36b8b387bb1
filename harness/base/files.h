#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

// The whole of a file; nothing when it is not there or cannot be read. Failure (kCannotWork) when
// this process may open no more files: that says nothing about the file.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

// Replaces `path` by a file with `content` and mode 0600, such that a reader sees the old or the
// new content and never a part. Missing directories are made (0700). Throws Failure (kCannotWork).
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// The same for what only saves time later: that it cannot be written is said once in a process, on
// stderr, and is no Failure.
void WriteCacheFileAtomically(const std::filesystem::path& path, std::string_view content);

// write(2) until all of `content` is written, also where it must be waited for (O_NONBLOCK). 0, or
// the errno of what stopped it.
int TryWriteAll(int fd, std::string_view content);

// write(2) until all of `content` is written. A reader that closed its pipe ends it quietly; any
// other error is a Failure (kCannotWork) that begins with `message`.
void WriteAll(int fd, std::string_view content, const std::string& message);

}  // namespace faultline
