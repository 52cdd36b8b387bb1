#include "harness/base/console.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// errno of the first write to stdout that failed; stdio remembers only that one did.
std::atomic<int> lost_result = 0;

void NoteLost(int error) {
  int none = 0;
  lost_result.compare_exchange_strong(none, error != 0 ? error : EIO);
}

}  // namespace

void WriteResult(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    NoteLost(errno);
  }
}

void WriteMessage(std::string_view text) {
  // In one piece, so that messages of several threads do not mix; there is nobody to tell of an
  // error here.
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void PrepareConsole() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      // The lowest free number is this one. Opened the wrong way round, it gives EBADF when used.
      (void)::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
}

void FinishConsole() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    NoteLost(errno);
  }
  const int error = lost_result.load();
  if (error != 0 && error != EPIPE) {
    throw Failure::FromErrno("the result could not be written to stdout", error);
  }
}

}  // namespace faultline
