#pragma once

#include <filesystem>

namespace faultline {

// Removes `directory` and all below it. Works on open directories, so that a symbolic link is
// removed and never followed, even one that appears meanwhile. What is mounted in it, or over it,
// is never entered, wherever it comes from (a bind mount of the same file system too): it is
// unmounted where that is permitted. True when nothing is left; what cannot be removed stays. Never
// throws.
bool RemoveTree(const std::filesystem::path& directory);

// Is something mounted at `name` in the open directory `parent`? With name "" at `parent` itself.
// Symbolic links are not followed. False when it is not there.
bool IsMountPoint(int parent, const char* name);

}  // namespace faultline
