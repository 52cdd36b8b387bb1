#include "harness/run/snapshot_control.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {

using protocol::SnapshotControl;

SnapshotControlFile::SnapshotControlFile(std::filesystem::path path) : path_(std::move(path)) {
  const UniqueFd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd || ftruncate(fd.get(), sizeof(SnapshotControl)) != 0) {
    throw Failure::FromErrno("cannot make " + path_.string(), errno);
  }
  void* base =
      mmap(nullptr, sizeof(SnapshotControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) {
    throw Failure::FromErrno("cannot map " + path_.string(), errno);
  }
  control_ = static_cast<SnapshotControl*>(base);
  control_->magic = protocol::kSnapshotMagic;
}

SnapshotControlFile::~SnapshotControlFile() { munmap(control_, sizeof(SnapshotControl)); }

void GiveCommand(SnapshotControl* control, protocol::CarrierCommand command) {
  control->command = command;
  control->commands.fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, &control->commands, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void AwaitChange(SnapshotControl* control, protocol::CarrierState seen) {
  constexpr timespec kMost = {.tv_sec = 0, .tv_nsec = 500'000};
  syscall(SYS_futex, &control->state, FUTEX_WAIT, seen, &kMost, nullptr, 0);
}

}  // namespace faultline
