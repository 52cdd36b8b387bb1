#include "harness/base/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

// mkdir -p with mode 0700 for what is new.
void MakeDirectories(const std::filesystem::path& path) {
  if (path.empty() || std::filesystem::is_directory(path)) {
    return;
  }
  MakeDirectories(path.parent_path());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Failure::FromErrno("cannot make the directory " + path.string(), errno);
  }
}

void WriteAll(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw Failure::FromErrno("cannot write " + name, errno);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::optional<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  // An empty file sets failbit of `content`, for nothing was inserted; it was read all the same.
  if (!stream || std::filesystem::is_directory(path)) {
    return std::nullopt;
  }
  content << stream.rdbuf();
  return std::move(content).str();
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  MakeDirectories(path.parent_path());
  std::string temporary = path.string() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!fd) {
    throw Failure::FromErrno("cannot write " + path.string(), errno);
  }
  try {
    WriteAll(fd.get(), content, path.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw Failure::FromErrno("cannot write " + path.string(), errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace faultline
