#include "harness/scenario/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {

std::optional<std::string> ReadTextFile(const std::filesystem::path& file, size_t max_bytes,
                                        std::string& problem) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info = {};
  if (!fd) {
    Failure::ThrowIfOutOfDescriptors("cannot read " + file.string(), errno);
  }
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    problem = std::generic_category().message(errno);
    return std::nullopt;
  }
  if (!S_ISREG(info.st_mode)) {
    problem = "not a regular file";
    return std::nullopt;
  }
  // One byte more than the file says, to see its end, or that it is too large.
  std::string text(std::min(static_cast<size_t>(info.st_size), max_bytes) + 1, '\0');
  size_t used = 0;
  while (used < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      problem = std::generic_category().message(errno);
      return std::nullopt;
    }
    if (got == 0) {
      break;
    }
    used += static_cast<size_t>(got);
  }
  if (used > max_bytes) {
    problem = fmt::format("larger than {} KiB", max_bytes / 1024);
    return std::nullopt;
  }
  text.resize(used);
  return text;
}

namespace {

// Bytes of the well-formed UTF-8 sequence that `text` begins with (RFC 3629), 0 when it is none.
size_t Utf8Length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = (lead & 0xe0u) == 0xc0u   ? 2
                        : (lead & 0xf0u) == 0xe0u ? 3
                        : (lead & 0xf8u) == 0xf0u ? 4
                                                  : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  uint32_t code = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0u) != 0x80u) {
      return 0;
    }
    code = code << 6 | (byte & 0x3fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms are overlong
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kLeast[length] || code > 0x10ffff || surrogate ? 0 : length;
}

}  // namespace

int LineOfBadUtf8(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0 || text[0] == '\0') {
      return line;
    }
    line += text[0] == '\n' ? 1 : 0;
    text.remove_prefix(length);
  }
  return 0;
}

}  // namespace faultline
