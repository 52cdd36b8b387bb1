#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

// Cuts a byte stream of JSON objects and arrays without delimiters into single texts, however the
// bytes arrive. It follows strings and nesting only: whether a text is valid JSON is for the parser
// to say. Not thread-safe.
class JsonSplitter {
 public:
  static constexpr size_t kMaxTextBytes = size_t{64} << 20;
  static constexpr int kMaxDepth = 1000;

  void Feed(std::string_view bytes) { buffer_.append(bytes); }

  // The next complete text; none while it is incomplete or once broken().
  std::optional<std::string> Next();

  // Why the stream can never give another text (it does not begin with { or [, is too long or
  // nested too deeply); "" while all is well.
  const std::string& broken() const { return broken_; }
  // Bytes of a text that has begun and not ended.
  bool incomplete() const { return !buffer_.empty() && broken_.empty(); }

 private:
  void SkipBlanks();
  // True when the text ends with this byte.
  bool Step(char byte);

  std::string buffer_;
  size_t scanned_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  std::string broken_;
};

}  // namespace faultline
