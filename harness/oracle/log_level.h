#pragma once

#include <string_view>

// How loggers write the level of a line. Thread-safe.
namespace faultline {

enum class LogLevel {
  kNone,  // the line states none
  kDebug,
  kInfo,  // and notices
  kWarning,
  kError,  // and all that is worse
};

// `word` without what loggers put around a level: "NOTICE" of "*NOTICE*", "error" of "[error]".
std::string_view WithoutDecoration(std::string_view word);

// The level that `word` names: "ERROR", "warn", "*NOTICE*", "EMER"; kNone for any other word.
LogLevel LevelOfWord(std::string_view word);

// The level that a single letter stands for, as glog and Android write them: 'E' and 'F' are
// errors; kNone for any other letter.
LogLevel LevelOfLetter(char letter);

}  // namespace faultline
