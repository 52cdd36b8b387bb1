#include "harness/target/file_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

constexpr size_t kFilenoOffset = 112;
constexpr uint32_t kMagic = 0xfbad0000;  // _IO_MAGIC, the upper half of _flags
constexpr uint32_t kMagicMask = 0xffff0000;

}  // namespace

std::optional<int> DescriptorOfStream(pid_t pid, uint64_t address) {
  const UniqueFd memory(
      open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kFilenoOffset + sizeof(int)> bytes;
  if (!memory || pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address)) !=
                     static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  uint32_t flags = 0;
  int descriptor = 0;
  std::memcpy(&flags, bytes.data(), sizeof(flags));
  std::memcpy(&descriptor, bytes.data() + kFilenoOffset, sizeof(descriptor));
  return (flags & kMagicMask) == kMagic ? std::optional(descriptor) : std::nullopt;
}

}  // namespace faultline
