#include "harness/base/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

namespace faultline {
namespace {

constexpr size_t kUsualColumns = 100;
constexpr size_t kFewestColumns = 40;
constexpr size_t kMostColumns = 500;

std::string_view Variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

size_t Columns(int fd) {
  const std::string_view wanted = Variable("COLUMNS");
  size_t columns = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), columns);
  if (error == std::errc() && end == wanted.data() + wanted.size() && columns > 0) {
    return columns;
  }
  winsize size = {};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return kUsualColumns;
}

}  // namespace

size_t TextWidth(int fd) { return std::clamp(Columns(fd), kFewestColumns, kMostColumns); }

size_t ProseWidth(int fd) {
  const bool is_looked_at = ::isatty(fd) == 1 || !Variable("COLUMNS").empty();
  return is_looked_at ? TextWidth(fd) : std::numeric_limits<size_t>::max() / 4;
}

bool CanRewriteLines(int fd) {
  const std::string_view terminal = Variable("TERM");
  const std::string_view ci = Variable("CI");
  return ::isatty(fd) == 1 && !terminal.empty() && terminal != "dumb" &&
         (ci.empty() || ci == "false" || ci == "0");
}

}  // namespace faultline
