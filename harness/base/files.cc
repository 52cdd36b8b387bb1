#include "harness/base/files.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <system_error>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

// mkdir -p with mode 0700 for what is new.
void MakeDirectories(const std::filesystem::path& path) {
  std::error_code ignored;  // what cannot be looked at cannot be made, and mkdir says why
  if (path.empty() || std::filesystem::is_directory(path, ignored)) {
    return;
  }
  MakeDirectories(path.parent_path());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Failure::FromErrno("cannot make the directory " + path.string(), errno);
  }
}

}  // namespace

std::optional<std::string> ReadFile(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    Failure::ThrowIfOutOfDescriptors("cannot read " + path.string(), errno);
    return std::nullopt;
  }
  std::string content;
  char buffer[65536];
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count == 0) {
      return content;
    }
    if (count > 0) {
      content.append(buffer, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return std::nullopt;  // a directory, for one
    }
  }
}

int TryWriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever shares the pipe with us (node, ssh) has made it non-blocking.
      pollfd room = {fd, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void WriteAll(int fd, std::string_view content, const std::string& message) {
  const int error = TryWriteAll(fd, content);
  if (error != 0 && error != EPIPE) {
    throw Failure::FromErrno(message, error);
  }
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  MakeDirectories(path.parent_path());
  std::string temporary = path.string() + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!fd) {
    throw Failure::FromErrno("cannot write " + path.string(), errno);
  }
  try {
    WriteAll(fd.get(), content, "cannot write " + path.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw Failure::FromErrno("cannot write " + path.string(), errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void WriteCacheFileAtomically(const std::filesystem::path& path, std::string_view content) {
  static std::once_flag told;
  try {
    WriteFileAtomically(path, content);
  } catch (const Failure& failure) {
    std::call_once(told, [&] {
      PrintMessage("faultline: nothing is kept for later runs, which take longer: {}\n",
                   failure.what());
    });
  }
}

}  // namespace faultline
