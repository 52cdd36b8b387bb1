#include "harness/oracle/line_pattern.h"

#include "harness/base/failure.h"

namespace faultline {
namespace {

constexpr size_t kLineLimit = 4096;

std::regex Compile(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw Failure::BadInput("`" + pattern + "` is not a regular expression: " + error.what());
  }
}

}  // namespace

LinePattern::LinePattern(const std::string& pattern) : regex_(Compile(pattern)) {}

std::optional<std::vector<std::string>> LinePattern::Match(std::string_view line) const {
  const std::string_view head = line.substr(0, kLineLimit);
  std::match_results<std::string_view::const_iterator> match;
  if (!std::regex_search(head.begin(), head.end(), match, regex_)) {
    return std::nullopt;
  }
  return std::vector<std::string>(match.begin(), match.end());
}

}  // namespace faultline
