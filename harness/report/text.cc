#include "harness/report/text.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace faultline {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 0;  // 0: the bytes at this place are not valid UTF-8
};

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint Decode(std::string_view text) {
  const auto first = static_cast<uint8_t>(text.front());
  if (first < 0x80) {
    return {first, 1};
  }
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr std::array<uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xc2 || first > 0xf4 || text.size() < size) {
    return {};
  }
  uint32_t value = first & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) {
      return {};
    }
    value = value << 6 | (static_cast<uint8_t>(text[i]) & 0x3fu);
  }
  const bool valid =
      value >= kSmallest[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return valid ? CodePoint{value, size} : CodePoint{};
}

bool SteersTerminal(uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool direction =
      c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || direction;
}

}  // namespace

std::string EscapeControls(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    const size_t size = point.size == 0 ? 1 : point.size;
    if (point.value == '\t') {
      out += ' ';
    } else if (point.size == 0 || SteersTerminal(point.value)) {
      for (const char byte : text.substr(0, size)) {
        out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
      }
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (const char c : text) {
    width += IsContinuation(c) ? 0 : 1;
  }
  return width;
}

std::string CutToWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) {
    return std::string(text);
  }
  size_t end = 0;
  for (size_t columns = 0; columns < width - 3; ++columns) {
    ++end;
    while (end < text.size() && IsContinuation(text[end])) {
      ++end;
    }
  }
  return std::string(text.substr(0, end)) + "...";
}

std::string ShortPath(std::string_view path) {
  size_t begin = path.size();
  for (int parts = 0; parts < 3 && begin != std::string_view::npos; ++parts) {
    begin = begin == 0 ? std::string_view::npos : path.rfind('/', begin - 1);
  }
  return std::string(begin == std::string_view::npos ? path : path.substr(begin + 1));
}

}  // namespace faultline
