#include "harness/target/json_splitter.h"

#include <fmt/format.h>

namespace faultline {
namespace {

bool IsBlank(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

}  // namespace

void JsonSplitter::SkipBlanks() {
  size_t blanks = 0;
  while (blanks < buffer_.size() && IsBlank(buffer_[blanks])) {
    ++blanks;
  }
  buffer_.erase(0, blanks);
}

bool JsonSplitter::Step(char byte) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
    }
    return false;
  }
  switch (byte) {
    case '"':
      in_string_ = true;
      return false;
    case '{':
    case '[':
      ++depth_;
      return false;
    case '}':
    case ']':
      --depth_;
      return depth_ == 0;
    default:
      return false;
  }
}

std::optional<std::string> JsonSplitter::Next() {
  if (!broken_.empty()) {
    return std::nullopt;
  }
  if (scanned_ == 0) {
    SkipBlanks();
    if (!buffer_.empty() && buffer_[0] != '{' && buffer_[0] != '[') {
      broken_ = fmt::format("it begins with byte 0x{:02x}, not with {{ or [",
                            static_cast<unsigned char>(buffer_[0]));
      return std::nullopt;
    }
  }
  while (scanned_ < buffer_.size()) {
    const bool complete = Step(buffer_[scanned_++]);
    if (complete) {
      std::string text = buffer_.substr(0, scanned_);
      buffer_.erase(0, scanned_);
      scanned_ = 0;
      return text;
    }
    if (depth_ > kMaxDepth) {
      broken_ = fmt::format("it is nested deeper than {}", kMaxDepth);
      return std::nullopt;
    }
    if (scanned_ > kMaxTextBytes) {
      broken_ = fmt::format("it is longer than {} bytes", kMaxTextBytes);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace faultline
