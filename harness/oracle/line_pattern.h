#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

// A regular expression (ECMAScript) for lines that a target wrote. Thread-safe once made.
class LinePattern {
 public:
  // Failure (kBadInput) when `pattern` is not a regular expression.
  explicit LinePattern(const std::string& pattern);

  // The groups of its first match in `line`, [0] being the whole match; nullopt when there is none.
  // Only the first 4 KiB of a line are looked at: std::regex takes stack for each character.
  std::optional<std::vector<std::string>> Match(std::string_view line) const;
  bool Matches(std::string_view line) const { return Match(line).has_value(); }

 private:
  std::regex regex_;
};

}  // namespace faultline
