#include "harness/run/snapshot_descriptor_steps.h"

#include <fcntl.h>
#include <fmt/format.h>

namespace faultline {

using Argument = SnapshotSteps::Argument;

void RefuseFile(const OpenFile& file, const std::string& why) {
  throw CannotCarry(fmt::format("{}: {}", file.Name(), why));
}

Argument DescriptorSteps::Open(const std::string& path, int flags, const std::string& what) {
  constexpr uint64_t kCurrentDirectory = static_cast<uint64_t>(AT_FDCWD);
  return steps_.Add(__NR_openat, {kCurrentDirectory, steps_.Text(path), flags, 0}, what);
}

void DescriptorSteps::Replace(const OpenFile& file, const Argument& fresh, bool keep) {
  steps_.Add(__NR_dup3, {fresh, file.fd, file.flags & O_CLOEXEC}, file.Name());
  if (!keep) {
    steps_.Add(__NR_close, {fresh}, "");
  }
}

void DescriptorSteps::SetFlags(const OpenFile& file) {
  if ((file.flags & O_ASYNC) != 0) {
    RefuseFile(file, "it sends signals");
  }
  constexpr int kSettable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;
  steps_.Add(__NR_fcntl, {file.fd, F_SETFL, file.flags & kSettable}, file.Name());
}

}  // namespace faultline
