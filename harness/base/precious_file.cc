#include "harness/base/precious_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {

std::string_view PreciousContent(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return "";
  }
  std::array<char, 4096> bytes;
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  const ssize_t size = fd ? ::read(fd.get(), bytes.data(), bytes.size()) : 0;
  const std::string_view begin(bytes.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (begin.starts_with("\177ELF")) {
    return kProgram;
  }
  if (begin.starts_with("SQLite format 3")) {
    return kStore;
  }
  const bool is_yaml = file.extension() == ".yaml" || file.extension() == ".yml";
  const bool is_ours =
      begin.starts_with("faultline:") || begin.find("\nfaultline:") != std::string_view::npos;
  return is_yaml && is_ours ? kDataFile : "";
}

void RequireNoDataFile(const std::string& option, const std::filesystem::path& file) {
  if (PreciousContent(file) == kDataFile) {
    throw Failure::BadInput(option + " " + file.string() + ": it is " + std::string(kDataFile) +
                            kNotReplaced);
  }
}

}  // namespace faultline
