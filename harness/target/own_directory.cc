#include "harness/target/own_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace faultline {
namespace {

int CopyLink(int from, int to, const char* name) {
  std::array<char, PATH_MAX> target = {};
  if (readlinkat(from, name, target.data(), target.size() - 1) < 0) {
    return errno;
  }
  return symlinkat(target.data(), to, name) == 0 ? 0 : errno;
}

// Makes `name` of `from` appear in `to` too, with all that is mounted below it. What goes meanwhile
// is left out.
int ShowEntry(int from, int to, const char* name) {
  struct stat entry;
  if (fstatat(from, name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? 0 : errno;
  }
  if (S_ISLNK(entry.st_mode)) {
    return CopyLink(from, to, name);
  }
  const int made =
      S_ISDIR(entry.st_mode) ? mkdirat(to, name, 0755) : mknodat(to, name, S_IFREG | 0600, 0);
  if (made != 0) {
    return errno;
  }
  const int tree = open_tree(from, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (tree < 0) {
    return errno == ENOENT ? 0 : errno;
  }
  const int error = move_mount(tree, "", to, name, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : errno;
  close(tree);
  return error;
}

// getdents64, since opendir allocates.
int ShowEntries(int from, int to) {
  alignas(dirent64) std::array<char, 8192> buffer;
  while (true) {
    const long got = syscall(SYS_getdents64, from, buffer.data(), buffer.size());
    if (got <= 0) {
      return got == 0 ? 0 : errno;
    }
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) {
        continue;
      }
      if (const int error = ShowEntry(from, to, entry->d_name); error != 0) {
        return error;
      }
    }
  }
}

// In the place of the parent, what it holds and the new directory.
int MakeInParent(const OwnDirectoryMount& directory) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const int from = open(directory.parent.c_str(), kFlags);
  if (from < 0 || mount("tmpfs", directory.parent.c_str(), "tmpfs", MS_NOSUID, "mode=0755") != 0) {
    return errno;
  }
  const int to = open(directory.parent.c_str(), kFlags);
  if (to < 0) {
    return errno;
  }
  int error = ShowEntries(from, to);
  if (error == 0 && mkdirat(to, directory.name.c_str(), 0755) != 0) {
    error = errno;
  }
  close(from);
  close(to);
  return error;
}

}  // namespace

OwnDirectoryMount::OwnDirectoryMount(const OwnDirectoryPlan& plan)
    : path(plan.path),
      parent(plan.path.parent_path()),
      name(plan.path.filename()),
      options(fmt::format("size={},mode=0755", plan.bytes)) {}

int MountOwnDirectory(const OwnDirectoryMount& directory) {
  struct stat there;
  if (stat(directory.path.c_str(), &there) != 0) {
    if (errno != ENOENT) {
      return errno;
    }
    if (const int error = MakeInParent(directory); error != 0) {
      return error;
    }
  }
  return mount("tmpfs", directory.path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
               directory.options.c_str()) == 0
             ? 0
             : errno;
}

}  // namespace faultline
