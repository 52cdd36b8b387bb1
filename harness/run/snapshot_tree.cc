#include "harness/run/snapshot_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"
#include "harness/run/snapshot_steps.h"

namespace faultline {

namespace fs = std::filesystem;

namespace {

bool IsOfHugepages(const fs::path& file) {
  struct statfs status {};
  return statfs(file.c_str(), &status) == 0 && status.f_type == HUGETLBFS_MAGIC;
}

void MakeOfSize(const fs::path& file, off_t size) {
  const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd || ftruncate(fd.get(), size) != 0) {
    throw CannotCarry(fmt::format("{}: it cannot be made", file.string()));
  }
}

}  // namespace

void CopyTree(const fs::path& from, const fs::path& to, const fs::path& left_out,
              const std::set<fs::path>& bound, const fs::path& seen_as) {
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path name = entry.path().filename();
    const fs::path target = to / name;
    struct stat status {};
    if (name == left_out || lstat(entry.path().c_str(), &status) != 0) {
      continue;
    }
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR:
        fs::create_directory(target);
        CopyTree(entry.path(), target, "", bound, seen_as / name);
        break;
      case S_IFLNK:
        fs::copy_symlink(entry.path(), target);
        continue;
      case S_IFREG:
        if (IsOfHugepages(entry.path())) {
          MakeOfSize(target, status.st_size);
        } else {
          fs::copy_file(entry.path(), target);
        }
        break;
      case S_IFSOCK:
        if (bound.contains(seen_as / name)) {
          continue;
        }
        [[fallthrough]];
      default:
        if (mknod(target.c_str(), status.st_mode, status.st_rdev) != 0) {
          throw CannotCarry(fmt::format("{}: it cannot be copied", entry.path().string()));
        }
    }
    chmod(target.c_str(), status.st_mode & 07777);
  }
}

}  // namespace faultline
