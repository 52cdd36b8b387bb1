#include "harness/oracle/log_level.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace faultline {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

std::string_view WithoutDecoration(std::string_view word) {
  constexpr std::string_view kDecoration = "*[]<>()-=#";
  const size_t begin = word.find_first_not_of(kDecoration);
  if (begin == std::string_view::npos) {
    return {};
  }
  return word.substr(begin, word.find_last_not_of(kDecoration) + 1 - begin);
}

LogLevel LevelOfWord(std::string_view word) {
  constexpr size_t kLongest = 11;
  const std::string_view bare = WithoutDecoration(word);
  if (bare.empty() || bare.size() > kLongest) {
    return LogLevel::kNone;
  }
  using Word = std::pair<std::string_view, LogLevel>;
  constexpr std::array<Word, 24> kWords = {
      {{"trace", LogLevel::kDebug},   {"trc", LogLevel::kDebug},
       {"verbose", LogLevel::kDebug}, {"debug", LogLevel::kDebug},
       {"dbg", LogLevel::kDebug},     {"info", LogLevel::kInfo},
       {"inf", LogLevel::kInfo},      {"information", LogLevel::kInfo},
       {"notice", LogLevel::kInfo},   {"warning", LogLevel::kWarning},
       {"warn", LogLevel::kWarning},  {"wrn", LogLevel::kWarning},
       {"error", LogLevel::kError},   {"err", LogLevel::kError},
       {"severe", LogLevel::kError},  {"critical", LogLevel::kError},
       {"crit", LogLevel::kError},    {"crt", LogLevel::kError},
       {"fatal", LogLevel::kError},   {"ftl", LogLevel::kError},
       {"alert", LogLevel::kError},   {"emerg", LogLevel::kError},
       {"emer", LogLevel::kError},    {"panic", LogLevel::kError}}};
  const std::string lower = Lower(bare);
  const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                   [&](const Word& one) { return one.first == lower; });
  return found == kWords.end() ? LogLevel::kNone : found->second;
}

LogLevel LevelOfLetter(char letter) {
  switch (letter) {
    case 'V':
    case 'D':
      return LogLevel::kDebug;
    case 'I':
    case 'N':
      return LogLevel::kInfo;
    case 'W':
      return LogLevel::kWarning;
    case 'E':
    case 'F':
    case 'C':
      return LogLevel::kError;
    default:
      return LogLevel::kNone;
  }
}
}  // namespace faultline
