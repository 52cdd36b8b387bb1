#pragma once

#include <filesystem>

namespace faultline {

// Removes `directory` and all below it. Works on open directories, so that a symbolic link is
// removed and never followed, even one that appears meanwhile; does not enter another mount.
// True when nothing is left; what cannot be removed stays. Never throws.
bool RemoveTree(const std::filesystem::path& directory);

}  // namespace faultline
