#include "harness/base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/precious_file.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel's MAXSYMLINKS

// The number in "/proc/self/fd/1" and its like; -1 for another path. Opening such a link again
// would truncate the file behind it, and fails for a socket.
int OwnDescriptor(const fs::path& path) {
  const std::string text = path.string();
  for (const std::string& directory : {std::string("/proc/self/fd/"), std::string("/dev/fd/"),
                                       "/proc/" + std::to_string(::getpid()) + "/fd/"}) {
    int number = -1;
    if (text.starts_with(directory)) {
      const char* end = text.data() + text.size();
      const auto [stopped, error] = std::from_chars(text.data() + directory.size(), end, number);
      return error == std::errc() && stopped == end ? number : -1;
    }
  }
  return -1;
}

// What open(2) would give a new file: a report is to be sent and published, unlike what we keep for
// ourselves. Not by umask(2), which would change it for other threads for a moment.
mode_t ModeOfNewFile() {
  constexpr std::string_view kKey = "\nUmask:";
  const std::string status = ReadFile("/proc/self/status").value_or("");
  const size_t at = status.find(kKey);
  mode_t mask = 077;
  if (at != std::string::npos) {
    mask = static_cast<mode_t>(std::strtoul(status.c_str() + at + kKey.size(), nullptr, 8));
  }
  return 0666 & ~mask;
}

}  // namespace

OutputFile::OutputFile(std::string option, const fs::path& path)
    : option_(std::move(option)), given_(path), path_(fs::absolute(path)) {
  std::error_code error;
  for (int links = 0; links < kMostLinks; ++links) {
    descriptor_ = OwnDescriptor(path_);
    if (descriptor_ >= 0) {
      return;
    }
    if (!fs::is_symlink(fs::symlink_status(path_, error))) {
      break;
    }
    const fs::path next = fs::read_symlink(path_, error);
    if (error) {
      break;
    }
    path_ = path_.parent_path() / next;  // an absolute one stands alone
  }
  error.clear();
  const fs::file_status status = fs::status(path_, error);
  if (fs::is_directory(status) || !path_.has_filename()) {
    throw Failure::BadInput(Problem("it is a directory; expected a file"));
  }
  if (status.type() == fs::file_type::none) {  // symlinks in a circle, too long a name
    throw Failure::BadInput(Problem(error.message()));
  }
  if (!fs::is_directory(path_.parent_path(), error)) {
    throw Failure::BadInput(Problem("there is no directory " + path_.parent_path().string()));
  }
  write_through_ = fs::exists(status) && !fs::is_regular_file(status);
  const std::string_view held = PreciousContent(path_);
  if (held == kProgram || held == kStore) {
    throw Failure::BadInput(Problem(std::string("it is ").append(held) + kNotReplaced));
  }
}

std::string OutputFile::Problem(const std::string& what) const {
  return option_ + " " + given_.string() + ": " + what;
}

void OutputFile::Write(std::string_view content) const {
  if (is_replaceable()) {
    struct stat before {};
    const bool replaces = ::stat(path_.c_str(), &before) == 0;
    WriteFileAtomically(path_, content);
    const mode_t mode = replaces ? before.st_mode & 07777 : ModeOfNewFile();
    if (::chmod(path_.c_str(), mode) != 0) {
      throw Failure::FromErrno(Problem("cannot set its permissions"), errno);
    }
    return;
  }
  UniqueFd fd;
  if (descriptor_ >= 0) {
    std::fflush(stdout);  // what was printed before comes before
    fd.reset(::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3));
  } else {
    fd.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  }
  if (!fd) {
    throw Failure::FromErrno(Problem("cannot write it"), errno);
  }
  WriteAll(fd.get(), content, Problem("cannot write it"));
}

}  // namespace faultline
