#include "harness/target/stdio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// A target that writes faster than the harness reads should not wait for it. 1 MiB is what a user
// may ask for by default (/proc/sys/fs/pipe-max-size).
constexpr int kOutputPipeBytes = 1 << 20;

// Takes over `fd` (-1 with errno = an error), moved above 2 when the harness was started without
// stdio, lest the child's dup2 overwrite it.
UniqueFd Above2(int fd, const char* what) {
  UniqueFd owner(fd);
  if (!owner) {
    throw Failure::FromErrno(what, errno);
  }
  if (fd > 2) {
    return owner;
  }
  return Above2(fcntl(fd, F_DUPFD_CLOEXEC, 3), what);
}

void SetNonBlocking(const UniqueFd& fd) {
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    throw Failure::FromErrno("fcntl", errno);
  }
}

std::pair<UniqueFd, UniqueFd> MakePipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Failure::FromErrno("pipe", errno);
  }
  UniqueFd write_end(ends[1]);
  UniqueFd read_end = Above2(ends[0], "pipe");
  return {std::move(read_end), Above2(write_end.release(), "pipe")};
}

}  // namespace

Stdio MakePipes() {
  Stdio stdio;
  std::tie(stdio.child_input, stdio.input) = MakePipe();
  std::tie(stdio.output, stdio.child_output) = MakePipe();
  SetNonBlocking(stdio.input);
  SetNonBlocking(stdio.output);
  fcntl(stdio.output.get(), F_SETPIPE_SZ, kOutputPipeBytes);  // a wish; the default works too
  return stdio;
}

Stdio MakeTerminal() {
  Stdio stdio;
  stdio.output = Above2(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "cannot make a terminal");
  const int master = stdio.output.get();
  if (grantpt(master) != 0 || unlockpt(master) != 0) {
    throw Failure::FromErrno("cannot make a terminal", errno);
  }
  // TIOCGPTPEER needs no path, so it works whatever is mounted on /dev/pts.
  stdio.child_output =
      Above2(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "cannot open a terminal");
  termios modes;
  if (tcgetattr(stdio.child_output.get(), &modes) != 0) {
    throw Failure::FromErrno("cannot set up a terminal", errno);
  }
  cfmakeraw(&modes);
  const winsize size = {.ws_row = 50, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
  if (tcsetattr(stdio.child_output.get(), TCSANOW, &modes) != 0 ||
      ioctl(master, TIOCSWINSZ, &size) != 0) {
    throw Failure::FromErrno("cannot set up a terminal", errno);
  }
  stdio.child_input = Above2(fcntl(stdio.child_output.get(), F_DUPFD_CLOEXEC, 3), "dup");
  stdio.input = Above2(fcntl(master, F_DUPFD_CLOEXEC, 3), "dup");
  SetNonBlocking(stdio.output);
  return stdio;
}

}  // namespace faultline
