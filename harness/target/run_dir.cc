#include "harness/target/run_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/target/random_name.h"
#include "harness/target/remove_tree.h"

namespace faultline {
namespace {

// DPDK puts "dpdk/PREFIX/mp_socket_PID_TSC" below it, up to 59 bytes with our prefix (EAL's
// create_socket_path); sun_path takes 107 and a zero byte.
constexpr size_t kMaxPathBytes = 48;

std::filesystem::path DefaultRoot() {
  const char* root = std::getenv("TMPDIR");
  return root != nullptr && *root != '\0' ? root : "/tmp";
}

std::filesystem::path Make(const std::filesystem::path& root) {
  // 65 random bits: with so many, EEXIST is an attack or a broken kernel, and worth an error.
  const std::filesystem::path path =
      std::filesystem::absolute(root.empty() ? DefaultRoot() : root) / ("fl-" + RandomName(13));
  if (path.native().size() > kMaxPathBytes) {
    throw Failure::BadInput(fmt::format(
        "the run directory's path {} has {} bytes; Unix sockets below it allow at most {}: choose "
        "a shorter directory for runs (TMPDIR)",
        path.native(), path.native().size(), kMaxPathBytes));
  }
  if (mkdir(path.c_str(), 0700) != 0) {
    throw Failure::FromErrno("cannot make the run directory " + path.native(), errno);
  }
  return path;
}

}  // namespace

RunDirectory::RunDirectory(const std::filesystem::path& root)
    : path_(Make(root)), file_prefix_("fl" + RandomName(12)) {
  watch_ = Guardian::Get().WatchDirectory(path_);
  self_.reset(open(path_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

RunDirectory::~RunDirectory() {
  if (keep_) {
    return;
  }
  // A target may have given it another name, and something else its old one.
  std::error_code error;
  const std::filesystem::path now =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(self_.get()), error);
  const bool is_moved = !error && now != path_ && std::filesystem::exists(now, error);
  for (const std::filesystem::path& path : {path_, is_moved ? now : path_}) {
    if (!RemoveTree(path)) {
      PrintMessage(
          "faultline: the run's directory {} cannot be removed: something in it can be "
          "neither deleted nor unmounted\n",
          path.string());
      return;
    }
  }
}

void RunDirectory::Keep() {
  keep_ = true;
  watch_ = {};
}

}  // namespace faultline
