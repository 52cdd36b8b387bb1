#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace faultline {

// What of a run's directory is the harness's own, and no file of the target's.
inline constexpr char kPrivateDir[] = ".faultline";

// All that lies below a run's directory `run_dir` but directories and the harness's own files: its
// path, and whether it is a "file", a "socket" or a "mount" (what is in that is not looked at).
// `seen` is where this process sees the directory. Failure when no descriptor is left.
std::map<std::string, std::string> FilesIn(const std::filesystem::path& run_dir,
                                           const std::filesystem::path& seen);

// Copies what lies below `seen` into `kept`: directories, regular files and symlinks. What cannot
// be copied stays away.
void CopyFiles(const std::filesystem::path& seen, const std::filesystem::path& kept);

}  // namespace faultline
