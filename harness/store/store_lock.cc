#include "harness/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// What this process has locked. It must not open such a file a second time even to find that out:
// closing any descriptor of a file gives up the locks that SQLite has on it.
struct Held {
  std::mutex mutex;
  std::set<std::pair<dev_t, ino_t>> files;
};

Held& HeldHere() {
  static Held held;
  return held;
}

[[noreturn]] void ThrowCannotOpen(const std::filesystem::path& file) {
  throw Failure::BadInput("cannot open the store " + file.string() + ": " + std::strerror(errno));
}

[[noreturn]] void ThrowInUse(const std::filesystem::path& file) {
  throw Failure::CannotWork("the store " + file.string() +
                            " is in use: another process writes to it; wait for its end");
}

}  // namespace

StoreLock::StoreLock(const std::filesystem::path& file) {
  Held& held = HeldHere();
  const std::lock_guard lock(held.mutex);
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && held.files.contains({status.st_dev, status.st_ino})) {
    ThrowInUse(file);
  }
  fd_.reset(::open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!fd_ || ::fstat(fd_.get(), &status) != 0) {
    ThrowCannotOpen(file);
  }
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    ThrowInUse(file);
  }
  identity_ = {status.st_dev, status.st_ino};
  held.files.insert(identity_);
}

StoreLock::~StoreLock() {
  Held& held = HeldHere();
  const std::lock_guard lock(held.mutex);
  held.files.erase(identity_);
  fd_.reset();
}

void StoreLock::RequireInPlace(const std::filesystem::path& file) const {
  struct stat status {};
  const bool is_there = ::stat(file.c_str(), &status) == 0;
  if (!is_there || identity_ != std::pair(status.st_dev, status.st_ino)) {
    throw Failure::CannotWork("the store " + file.string() + " was " +
                              (is_there ? "replaced" : "removed") +
                              " while it was written to: what it held is lost; sweep again");
  }
}

}  // namespace faultline
