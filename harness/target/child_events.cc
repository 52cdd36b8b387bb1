#include "harness/target/child_events.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include "harness/base/failure.h"

namespace faultline {
namespace {

struct Slot {
  // Made at the first use and never closed: the handler may be about to write to it in any thread.
  std::atomic<int> fd = -1;
  bool used = false;  // guarded by Mutex()
};

constinit std::array<Slot, ChildEvents::kMaxSupervisors> slots;

std::mutex& EventsMutex() {
  static std::mutex mutex;
  return mutex;
}

void WakeFd(int fd) {
  constexpr uint64_t kOne = 1;
  [[maybe_unused]] const ssize_t written = write(fd, &kOne, sizeof(kOne));
}

void OnSigchld(int) {
  const int saved_errno = errno;
  for (const Slot& slot : slots) {
    const int fd = slot.fd.load(std::memory_order_acquire);
    if (fd < 0) {
      break;  // slots are filled from the front
    }
    WakeFd(fd);
  }
  errno = saved_errno;
}

void InstallHandler() {
  struct sigaction action = {};
  action.sa_handler = OnSigchld;
  // Not SA_NOCLDSTOP: the stops of tracees are what we wait for.
  action.sa_flags = SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

ChildEvents::ChildEvents() {
  const std::lock_guard lock(EventsMutex());
  static std::once_flag once;
  std::call_once(once, InstallHandler);
  for (int i = 0; i < kMaxSupervisors; ++i) {
    Slot& slot = slots[static_cast<size_t>(i)];
    if (slot.used) {
      continue;
    }
    if (slot.fd < 0) {
      const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
      if (fd < 0) {
        throw Failure::FromErrno("eventfd", errno);
      }
      slot.fd.store(fd, std::memory_order_release);
    }
    slot.used = true;
    slot_ = i;
    return;
  }
  throw Failure::CannotWork("too many targets at once");
}

ChildEvents::~ChildEvents() {
  const std::lock_guard lock(EventsMutex());
  slots[static_cast<size_t>(slot_)].used = false;
}

void ChildEvents::Wait(Deadline deadline) const {
  const int fd = slots[static_cast<size_t>(slot_)].fd.load(std::memory_order_acquire);
  pollfd entry = {.fd = fd, .events = POLLIN, .revents = 0};
  poll(&entry, 1, PollTimeoutMs(deadline));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd, &count, sizeof(count));
}

void ChildEvents::Wake() const {
  WakeFd(slots[static_cast<size_t>(slot_)].fd.load(std::memory_order_acquire));
}

}  // namespace faultline
