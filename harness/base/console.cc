#include "harness/base/console.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "harness/base/failure.h"
#include "harness/base/files.h"

namespace faultline {
namespace {

// errno of the first write to stdout that failed; stdio remembers only that one did.
std::atomic<int> lost_result = 0;

void NoteLost(int error) {
  int none = 0;
  lost_result.compare_exchange_strong(none, error);
}

// Why stdio has lost something, which it does not remember: has the reader gone?
int ReasonOfLoss() {
  pollfd state = {STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0 ? EPIPE : EIO;
}

// What others have printed: GoogleTest.
void FlushStdio() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    NoteLost(errno != 0 ? errno : ReasonOfLoss());
  }
}

}  // namespace

void WriteResult(std::string_view text) {
  // Not by stdio, which loses what a non-blocking pipe has no room for.
  FlushStdio();
  if (const int error = TryWriteAll(STDOUT_FILENO, text); error != 0) {
    NoteLost(error);
  }
}

void WriteMessage(std::string_view text) {
  // In one piece, so that messages of several threads do not mix; there is nobody to tell of an
  // error here.
  (void)TryWriteAll(STDERR_FILENO, text);
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
  FlushStdio();
  const int error = lost_result.load();
  if (error != 0 && error != EPIPE) {
    throw Failure::FromErrno("the result could not be written to stdout", error);
  }
}

}  // namespace faultline
