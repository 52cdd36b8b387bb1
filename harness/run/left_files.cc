#include "harness/run/left_files.h"

#include <fcntl.h>

#include <system_error>

#include "harness/base/failure.h"
#include "harness/target/remove_tree.h"

namespace faultline {

namespace fs = std::filesystem;

std::map<std::string, std::string> FilesIn(const fs::path& run_dir, const fs::path& seen) {
  std::map<std::string, std::string> entries;
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (auto entry = fs::recursive_directory_iterator(seen, kOptions, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry.depth() == 0 && entry->path().filename() == kPrivateDir) {
      entry.disable_recursion_pending();
      continue;
    }
    const fs::file_type type = entry->symlink_status(error).type();
    const bool is_mount = IsMountPoint(AT_FDCWD, entry->path().c_str());
    if (is_mount) {
      entry.disable_recursion_pending();
    }
    if (is_mount || type != fs::file_type::directory) {
      entries[run_dir / entry->path().lexically_relative(seen)] = is_mount ? "mount"
                                                                  : type == fs::file_type::socket
                                                                      ? "socket"
                                                                      : "file";
    }
  }
  Failure::ThrowIfOutOfDescriptors("cannot look into " + run_dir.string(), error.value());
  return entries;
}

void CopyFiles(const fs::path& seen, const fs::path& kept) {
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(seen, ignored);
       entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
    const fs::path copy = kept / entry->path().lexically_relative(seen);
    if (IsMountPoint(AT_FDCWD, entry->path().c_str())) {
      entry.disable_recursion_pending();
    } else if (entry->is_directory(ignored)) {
      fs::create_directory(copy, ignored);
    } else if (entry->is_regular_file(ignored) || entry->is_symlink(ignored)) {
      fs::copy(entry->path(), copy, fs::copy_options::copy_symlinks, ignored);
    }
  }
}

}  // namespace faultline
