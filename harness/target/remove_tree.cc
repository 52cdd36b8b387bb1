#include "harness/target/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "harness/base/unique_fd.h"
#include "harness/target/random_name.h"

namespace faultline {
namespace {

// One descriptor is open per level, and 1,024 is a usual limit.
constexpr int kMaxDepth = 256;
// Mounts may lie upon each other.
constexpr int kMaxMounts = 64;

struct DirCloser {
  void operator()(DIR* dir) const { closedir(dir); }
};

std::string ProcPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// Opens a directory that may have been left without permissions; -1 when it cannot be had, or when
// it is the root of a mount.
UniqueFd OpenDirectory(int parent, const char* name) {
  const UniqueFd path_fd(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!path_fd || IsMountPoint(path_fd.get(), "")) {
    return {};
  }
  // Through /proc it is exactly this directory, whatever has its name by now.
  struct stat info;
  if (fstat(path_fd.get(), &info) == 0 && (info.st_mode & S_IRWXU) != S_IRWXU) {
    chmod(ProcPath(path_fd.get()).c_str(), S_IRWXU);
  }
  return UniqueFd(open(ProcPath(path_fd.get()).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void Unmount(int parent, const char* name) {
  const std::string path = ProcPath(parent) + "/" + name;
  for (int i = 0; i < kMaxMounts && IsMountPoint(parent, name); ++i) {
    if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
      return;
    }
  }
}

class Removal {
 public:
  // True when `name` in the open directory `parent` is gone, or never was.
  bool RemoveEntry(int parent, const char* name, int depth) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
      return true;
    }
    if (IsMountPoint(parent, name)) {
      Unmount(parent, name);
      if (unlinkat(parent, name, 0) == 0) {
        return true;
      }
    }
    // What is left is a directory, or a file that cannot be removed.
    UniqueFd child = OpenDirectory(parent, name);
    struct stat info;
    if (!child || fstat(child.get(), &info) != 0) {
      return false;
    }
    if (depth == 0) {
      top_ = child.get();
      device_ = info.st_dev;
    }
    if (info.st_dev != device_) {
      return false;  // a mount, which kernels before 5.8 do not tell
    }
    if (depth == kMaxDepth) {
      return Raise(parent, name);
    }
    return Empty(std::move(child), depth) && unlinkat(parent, name, AT_REMOVEDIR) == 0;
  }

 private:
  bool Empty(UniqueFd fd, int depth) {
    const std::unique_ptr<DIR, DirCloser> dir(fdopendir(fd.get()));
    if (!dir) {
      return false;
    }
    fd.release();
    bool all_gone = true;
    do {
      raised_ = raised_ && depth != 0;
      rewinddir(dir.get());
      while (const dirent* entry = readdir(dir.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") {
          all_gone &= RemoveEntry(dirfd(dir.get()), name.c_str(), depth + 1);
        }
      }
    } while (depth == 0 && raised_);
    return all_gone;
  }

  // A directory that lies too deep goes to the top, which is looked through once more.
  bool Raise(int parent, const char* name) {
    const bool done = renameat(parent, name, top_, RandomName(13).c_str()) == 0;
    raised_ |= done;
    return done;
  }

  int top_ = -1;
  dev_t device_ = 0;
  bool raised_ = false;
};

}  // namespace

bool IsMountPoint(int parent, const char* name) {
  struct statx info;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0);
  return statx(parent, name, flags, 0, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool RemoveTree(const std::filesystem::path& directory) {
  std::filesystem::path path = std::filesystem::absolute(directory);
  if (!path.has_filename()) {  // "DIR/"
    path = path.parent_path();
  }
  const UniqueFd parent(open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) {
    return errno == ENOENT;
  }
  return Removal().RemoveEntry(parent.get(), path.filename().c_str(), 0);
}

}  // namespace faultline
