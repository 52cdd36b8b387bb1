#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace faultline {

// A tmpfs in the place of a directory, whether the machine has that directory or only the one it
// would be in. Needs root.
struct OwnDirectoryPlan {
  std::filesystem::path path;  // absolute: "/dev/hugepages"
  uint64_t bytes = 0;          // at least a page
};

// What mounting it takes, made before fork.
struct OwnDirectoryMount {
  explicit OwnDirectoryMount(const OwnDirectoryPlan& plan);

  std::string path;
  std::string parent;
  std::string name;
  std::string options;
};

// Mounts it in the mount namespace of the calling process. Where there is no such directory, the
// one above it is replaced by a tmpfs that shows all that was in it, so that the machine's own
// stays as it is. 0 or errno. Async-signal-safe: a child of a process with threads may call it.
int MountOwnDirectory(const OwnDirectoryMount& directory);

}  // namespace faultline
