#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace faultline {

// A regular expression, in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), for lines
// and messages that a target wrote. It is matched byte by byte, whatever the encoding, in time
// linear in the text and in bounded memory, so that no pattern and no line can harm the harness.
// Copies share the compiled expression. Thread-safe once made.
class LinePattern {
 public:
  // A longer text is matched by its beginning.
  static constexpr size_t kMaxBytes = size_t{64} << 10;

  // Why `pattern` is not a regular expression, "" when it is one.
  static std::string ProblemOf(const std::string& pattern);

  // Failure (kBadInput) when `pattern` is not a regular expression.
  explicit LinePattern(const std::string& pattern);

  // The groups of its first match in `line`, [0] being the whole match, "" for a group that took no
  // part; nullopt when there is none.
  std::optional<std::vector<std::string>> Match(std::string_view line) const;
  bool Matches(std::string_view line) const;
  bool has_group() const;

 private:
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace faultline
