#pragma once

#include <sys/types.h>

#include <filesystem>
#include <utility>

#include "harness/base/unique_fd.h"

namespace faultline {

// The right to write to a store: one process's, and one object's in it, until its end, however that
// comes. Whoever only reads does not ask. Thread-safe.
class StoreLock {
 public:
  // Makes an empty `file` when there is none. Failure: kBadInput when it cannot be opened,
  // kCannotWork when somebody else has the lock.
  explicit StoreLock(const std::filesystem::path& file);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // Failure (kCannotWork) when `file` is no longer the file that was locked: what is written goes
  // where nobody finds it.
  void RequireInPlace(const std::filesystem::path& file) const;

 private:
  std::pair<dev_t, ino_t> identity_;
  UniqueFd fd_;
};

}  // namespace faultline
