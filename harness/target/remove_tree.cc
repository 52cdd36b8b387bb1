#include "harness/target/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

// One descriptor is open per level, and 1,024 is a usual limit.
constexpr int kMaxDepth = 256;

struct DirCloser {
  void operator()(DIR* dir) const { closedir(dir); }
};

// Opens a directory that may have been left without permissions; -1 when it cannot be had.
UniqueFd OpenDirectory(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd path_fd(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!path_fd) {
    return {};
  }
  struct stat info;
  if (fstat(path_fd.get(), &info) == 0 && (info.st_mode & S_IRWXU) != S_IRWXU) {
    // chmod(2) on an O_PATH descriptor goes through /proc; it reaches exactly this directory.
    chmod(("/proc/self/fd/" + std::to_string(path_fd.get())).c_str(), S_IRWXU);
  }
  return UniqueFd(openat(parent, name, kFlags));
}

// Empties the open directory `fd`, which is on `device`.
bool Empty(UniqueFd fd, dev_t device, int depth) {
  std::unique_ptr<DIR, DirCloser> dir(fdopendir(fd.get()));
  if (!dir) {
    return false;
  }
  fd.release();
  const int dir_fd = dirfd(dir.get());
  bool all_gone = true;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    if (unlinkat(dir_fd, name.c_str(), 0) == 0) {
      continue;
    }
    // What is left is a directory (or a file that cannot be removed, which is no directory).
    UniqueFd child = OpenDirectory(dir_fd, name.c_str());
    struct stat info;
    const bool here = child && fstat(child.get(), &info) == 0 && info.st_dev == device;
    all_gone &= here && depth < kMaxDepth && Empty(std::move(child), device, depth + 1) &&
                unlinkat(dir_fd, name.c_str(), AT_REMOVEDIR) == 0;
  }
  return all_gone;
}

}  // namespace

bool RemoveTree(const std::filesystem::path& directory) {
  UniqueFd top = OpenDirectory(AT_FDCWD, directory.c_str());
  struct stat info;
  if (!top || fstat(top.get(), &info) != 0) {
    return !top && access(directory.c_str(), F_OK) != 0;
  }
  return Empty(std::move(top), info.st_dev, 0) && rmdir(directory.c_str()) == 0;
}

}  // namespace faultline
