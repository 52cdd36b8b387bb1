#include "harness/target/event_loop.h"

#include <poll.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "harness/base/failure.h"

namespace faultline {

void EventLoop::Add(int fd, std::function<void()> on_readable) {
  handlers_[fd] = std::move(on_readable);
}

void EventLoop::Remove(int fd) { handlers_.erase(fd); }

bool EventLoop::RunUntil(const std::function<bool()>& done, Deadline deadline) {
  while (!done()) {
    const int timeout_ms = PollTimeoutMs(deadline);
    DispatchOnce(timeout_ms);
    if (timeout_ms == 0) {
      return done();
    }
  }
  return true;
}

void EventLoop::DispatchOnce(int timeout_ms) {
  std::vector<pollfd> fds;
  fds.reserve(handlers_.size());
  for (const auto& [fd, handler] : handlers_) {
    fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  const int ready = poll(fds.data(), fds.size(), timeout_ms);
  if (ready < 0) {
    if (errno == EINTR) {
      return;
    }
    throw Failure::FromErrno("poll", errno);
  }
  for (const pollfd& entry : fds) {
    if (entry.revents == 0) {
      continue;
    }
    // An earlier handler of this round may have removed it.
    const auto found = handlers_.find(entry.fd);
    if (found != handlers_.end()) {
      // A copy: the handler may remove itself.
      const std::function<void()> handler = found->second;
      handler();
    }
  }
}

}  // namespace faultline
