#include "harness/base/line_pattern.h"

#include <re2/re2.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

std::shared_ptr<const re2::RE2> Compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // bytes
  return std::make_shared<const re2::RE2>(pattern, options);
}

re2::StringPiece Beginning(std::string_view line) {
  line = line.substr(0, LinePattern::kMaxBytes);
  return {line.data(), line.size()};
}

}  // namespace

std::string LinePattern::ProblemOf(const std::string& pattern) {
  const auto regex = Compile(pattern);
  return regex->ok() ? "" : regex->error();
}

LinePattern::LinePattern(const std::string& pattern) : regex_(Compile(pattern)) {
  if (!regex_->ok()) {
    throw Failure::BadInput("`" + pattern + "` is not a regular expression: " + regex_->error());
  }
}

std::optional<std::vector<std::string>> LinePattern::Match(std::string_view line) const {
  const re2::StringPiece text = Beginning(line);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex_->NumberOfCapturingGroups() + 1));
  if (!regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()))) {
    return std::nullopt;
  }
  std::vector<std::string> found;
  for (const re2::StringPiece& group : groups) {
    found.emplace_back(group.data() == nullptr ? "" : std::string(group));
  }
  return found;
}

bool LinePattern::has_group() const { return regex_->NumberOfCapturingGroups() > 0; }

bool LinePattern::Matches(std::string_view line) const {
  const re2::StringPiece text = Beginning(line);
  return regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

}  // namespace faultline
