#include "harness/oracle/last_error.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "harness/oracle/log_line.h"
#include "harness/oracle/signature.h"

namespace faultline {
namespace {

// In lower case; each may stand inside a word ("unregistered" is none of them).
constexpr std::array<std::string_view, 33> kWords = {
    "error",       "fail",          "cannot",       "can't",     "could not", "couldn't",
    "unable",      "not found",     "no such",      "no memory", "invalid",   "illegal",
    "must be",     "must not",      "unexpected",   "fatal",     "abort",     "panic",
    "corrupt",     "denied",        "refused",      "missing",   "exhausted", "out of",
    "not enough",  "not supported", "insufficient", "violat",    "mismatch",  "exceed",
    "double free", "overflow",      "detected ***"};

std::string InLowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

bool ReportsError(std::string_view line) {
  const LogLineParts parts = SplitLogLine(line);
  if (parts.level != LogLevel::kNone) {
    return parts.level == LogLevel::kError;
  }
  const std::string text = InLowerCase(parts.message);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

std::optional<size_t> FindLastError(const Evidence& evidence, const FaultFreeRun* fault_free,
                                    int64_t before_ms, size_t most_lines) {
  const std::vector<LogLine>& log = evidence.log;
  const size_t first = log.size() > most_lines ? log.size() - most_lines : 0;
  for (size_t i = log.size(); i-- > first;) {
    const bool known = fault_free != nullptr && fault_free->Says(log[i].text);
    if (log[i].time_ms <= before_ms && ReportsError(log[i].text) && !known) {
      return i;
    }
  }
  return std::nullopt;
}

std::string MessageOfLine(std::string_view line) {
  const LogLineParts parts = SplitLogLine(line);
  std::string_view message = parts.message;
  if (!parts.inner_level.empty()) {
    const size_t behind =
        static_cast<size_t>(parts.inner_level.data() - message.data()) + parts.inner_level.size();
    const size_t text = message.find_first_not_of(" \t:|-", behind);
    message = text == std::string_view::npos ? message : message.substr(text);
  }
  const size_t end = message.find_last_not_of(" \t\r\n");
  return std::string(message.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

}  // namespace faultline
