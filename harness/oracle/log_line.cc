#include "harness/oracle/log_line.h"

#include <algorithm>
#include <cctype>

#include "harness/oracle/time_stamp.h"

namespace faultline {
namespace {

constexpr size_t kLineLimit = 4096;

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsAlpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// What ends a field of a head: the size of "word" at `at`.
size_t FieldSize(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && !IsBlank(text[end]) && text[end] != ':' && text[end] != '|') {
    ++end;
  }
  return end - at;
}

// Takes off what a logger puts in front of a message, one field after the other.
class Head {
 public:
  explicit Head(std::string_view line) : line_(line) {}

  LogLineParts Split() {
    SkipBlanks();
    TakePriority();
    TakeRedisRole();
    while (TakeGlog() || TakeStamp() || TakeBrackets() || TakeNumber() || TakeLevel() ||
           TakeHost()) {
      SkipSeparators();
    }
    LogLineParts parts{.message = rest(), .level = level_};
    FindInnerLevel(parts);
    return parts;
  }

 private:
  std::string_view rest() const { return line_.substr(at_); }
  char at(size_t i) const { return at_ + i < line_.size() ? line_[at_ + i] : '\0'; }

  void SkipBlanks() {
    while (at_ < line_.size() && IsBlank(line_[at_])) {
      ++at_;
    }
  }
  void SkipSeparators() {
    while (at_ < line_.size() && (IsBlank(line_[at_]) || line_[at_] == '|' || line_[at_] == ':' ||
                                  line_[at_] == ',' || (line_[at_] == '-' && IsBlank(at(1))))) {
      ++at_;
    }
  }

  // syslog(2), RFC 3164 and 5424: "<34>", "<34>1 ".
  void TakePriority() {
    const size_t digits = DigitsAt(rest(), 1);
    if (at(0) == '<' && digits > 0 && digits <= 3 && at(1 + digits) == '>') {
      at_ += digits + 2;
      is_5424_ = HasShape(rest(), "9 ");
      syslog_ = is_5424_;
      at_ += is_5424_ ? 2 : 0;
    }
  }
  // "12345:M 02 Jan 2026 20:21:22.123 * ".
  void TakeRedisRole() {
    const size_t digits = DigitsAt(rest(), 0);
    if (digits > 0 && at(digits) == ':' && IsUpper(at(digits + 1)) && at(digits + 2) == ' ' &&
        StampSize(rest().substr(digits + 3)) > 0) {
      at_ += digits + 3;
    }
  }
  // "E0102 20:21:22.123456 12345 file.cc:12] ".
  bool TakeGlog() {
    constexpr std::string_view kLetters = "VDIWEF";
    const size_t letter = kLetters.find(at(0));
    if (at(0) == '\0' || letter == std::string_view::npos || !HasShape(rest().substr(1), "9999 ") ||
        StampSize(rest().substr(6)) == 0) {
      return false;
    }
    level_ = LevelOfLetter(at(0));
    at_ += 6;
    at_ += StampSize(rest());
    stamped_ = true;
    return true;
  }
  bool TakeStamp() {
    const size_t size = StampSize(rest());
    syslog_ |= IsSyslogStamp(rest().substr(0, size));
    at_ += size;
    stamped_ |= size > 0;
    return size > 0;
  }

  // "[2026-01-02 20:21:22]", "[  12.345]", "[pid 12:tid 13]", "[error]", "[core:error]": brackets
  // with nothing but what a logger knows.
  bool TakeBrackets() {
    const char open = at(0);
    if (open != '[' && open != '(' && open != '<') {
      return false;
    }
    const size_t end = rest().find(open == '[' ? ']' : open == '(' ? ')' : '>');
    if (end == std::string_view::npos || !IsLoggersOwn(rest().substr(1, end - 1))) {
      return false;
    }
    at_ += end + 1;
    return true;
  }
  bool IsLoggersOwn(std::string_view content) {
    bool any = false;
    LogLevel level = LogLevel::kNone;
    bool stamped = false;
    for (size_t i = 0; i < content.size();) {
      if (const size_t stamp = StampSize(content.substr(i)); stamp > 0) {
        i += stamp;
        any = stamped = true;
        continue;
      }
      const size_t size = FieldSize(content, i);
      const std::string_view word = content.substr(i, size);
      if (LevelOfWord(word) != LogLevel::kNone) {
        level = LevelOfWord(word);
        any = true;
      } else if (AllDigits(word)) {
        any = true;
      } else if (size > 0 && !IsNameOfNumber(content, i, word)) {
        return false;
      }
      i += std::max<size_t>(size, 1);
    }
    level_ = level != LogLevel::kNone ? level : level_;
    stamped_ |= stamped;
    return any;
  }
  // "pid" and "core" of "pid 12" and "core:error".
  static bool IsNameOfNumber(std::string_view content, size_t at, std::string_view word) {
    const size_t behind = at + word.size();
    if (behind >= content.size() || !std::all_of(word.begin(), word.end(), IsAlpha)) {
      return false;
    }
    const std::string_view next = content.substr(behind + 1, FieldSize(content, behind + 1));
    return AllDigits(next) || (content[behind] == ':' && LevelOfWord(next) != LogLevel::kNone);
  }

  // A counter or an id behind a time: when more of a head follows. "8192 bytes" belongs to a
  // message.
  bool TakeNumber() {
    const size_t digits = DigitsAt(rest(), 0);
    if (!stamped_ || digits == 0) {
      return false;
    }
    size_t size = digits;
    if (at(size) == '#') {  // nginx: "12#0: "
      size += 1 + DigitsAt(rest(), size + 1);
    }
    const char behind = at(size);
    if (behind == '|' || (behind == ':' && size > digits)) {
      at_ += size;
      return true;
    }
    const size_t next = rest().find_first_not_of(" \t", size);
    if (!IsBlank(behind) || next == std::string_view::npos) {
      return false;
    }
    const std::string_view follows = rest().substr(next);
    const size_t field = FieldSize(follows, 0);
    const std::string_view word = follows.substr(0, field);
    const bool head_goes_on = AllDigits(word) || follows[0] == '[' || follows[0] == '(' ||
                              LevelOfWord(word) != LogLevel::kNone || IsLetterField(follows) ||
                              (field < follows.size() && follows[field] == ':' && field > 0) ||
                              word.starts_with("---");
    if (head_goes_on) {
      at_ += size;
    }
    return head_goes_on;
  }

  static bool IsLetterField(std::string_view text) {
    return text.size() > 1 && LevelOfLetter(text[0]) != LogLevel::kNone &&
           (IsBlank(text[1]) || text[1] == '|' || text[1] == '/');
  }

  bool TakeLevel() {
    if (!stamped_) {
      return false;
    }
    if (IsLetterField(rest())) {
      level_ = LevelOfLetter(at(0));
      at_ += 2;
      return true;
    }
    if ((at(0) == '*' || at(0) == '#' || at(0) == '.') && IsBlank(at(1))) {  // Redis
      level_ = at(0) == '#' ? LogLevel::kWarning : LogLevel::kInfo;
      at_ += 2;
      return true;
    }
    const size_t size = FieldSize(rest(), 0);
    const LogLevel level = LevelOfWord(rest().substr(0, size));
    // Behind a level there is more: a line "...: error" ends with a word of its own.
    if (level == LogLevel::kNone || at_ + size >= line_.size()) {
      return false;
    }
    level_ = level;
    at_ += size;
    return true;
  }

  // "Jan  2 20:21:22" and, of rsyslog, "2026-01-02T20:21:22.123456+01:00": a host follows.
  static bool IsSyslogStamp(std::string_view stamp) {
    const size_t sign = stamp.find_last_of("+-");
    return HasShape(stamp, "AAA ") ? DigitsAt(stamp, 4) > 0 || HasShape(stamp, "AAA  9")
                                   : HasShape(stamp, "9999-99-99T") && sign > 10;
  }
  static bool IsTag(std::string_view tag, char behind) {
    const size_t open = tag.find('[');
    return !tag.empty() && (open == std::string_view::npos
                                ? behind == ':' && IsAlpha(tag[0])
                                : open > 0 && tag.ends_with(']') &&
                                      AllDigits(tag.substr(open + 1, tag.size() - open - 2)));
  }

  // "host prog[123]: message", "host kernel: message", of RFC 5424 "host prog 123 ID - message":
  // the host, once, right behind the time.
  bool TakeHost() {
    if (!stamped_ || host_taken_) {
      return false;
    }
    host_taken_ = true;
    const size_t host = FieldSize(rest(), 0);
    if (host == 0 || !IsBlank(at(host))) {
      return false;
    }
    const std::string_view tag = rest().substr(host + 1, FieldSize(rest(), host + 1));
    const bool has_pid = tag.find('[') != std::string_view::npos;
    if (!(syslog_ && is_5424_) &&
        !((syslog_ || has_pid) && IsTag(tag, at(host + 1 + tag.size())))) {
      return false;
    }
    at_ += host;
    return true;
  }

  // Behind up to five fields that colons or bars end.
  static void FindInnerLevel(LogLineParts& parts) {
    constexpr int kMostFields = 6;
    const std::string_view text = parts.message;
    size_t begin = 0;
    for (int i = 0; i < kMostFields && begin < text.size(); ++i) {
      const size_t size = FieldSize(text, begin);
      const std::string_view word = text.substr(begin, size);
      const char behind = begin + size < text.size() ? text[begin + size] : '\0';
      const bool ended = behind == ':' || behind == '|';
      const std::string_view bare = WithoutDecoration(word);
      const bool decorated = bare.size() + 2 <= word.size();
      const bool loud = std::all_of(bare.begin(), bare.end(), IsUpper);
      if (LevelOfWord(word) != LogLevel::kNone && (ended || decorated || loud)) {
        parts.inner_level = word;
        parts.level = LevelOfWord(word);
        return;
      }
      if (!ended) {
        return;
      }
      begin = text.find_first_not_of(" \t:|", begin + size);
      if (begin == std::string_view::npos) {
        return;
      }
    }
  }

  std::string_view line_;
  size_t at_ = 0;
  LogLevel level_ = LogLevel::kNone;
  bool stamped_ = false;
  bool syslog_ = false;   // written by a syslog daemon: the host follows the time
  bool is_5424_ = false;  // by RFC 5424
  bool host_taken_ = false;
};

}  // namespace

LogLineParts SplitLogLine(std::string_view line) {
  return Head(UpToNextStamp(line.substr(0, kLineLimit))).Split();
}

}  // namespace faultline
