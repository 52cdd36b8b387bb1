#include "harness/oracle/signature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "harness/oracle/blame.h"

namespace faultline {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
// What may stand inside a path.
bool IsPathCharacter(char c) {
  return IsWordCharacter(c) || c == '/' || c == '.' || c == '-' || c == '+';
}
bool AllOf(std::string_view text, int (*is)(int)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [is](char c) {
    return is(static_cast<unsigned char>(c)) != 0;
  });
}
bool IsHash(std::string_view word) {
  const bool has_digit = std::any_of(word.begin(), word.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  return word.size() >= 8 && has_digit && AllOf(word, std::isxdigit);
}

// The text from `begin` on while `belongs`.
template <typename Predicate>
std::string_view TakeWhile(std::string_view text, size_t begin, Predicate belongs) {
  size_t end = begin;
  while (end < text.size() && belongs(text[end])) {
    ++end;
  }
  return text.substr(begin, end - begin);
}

// A run's DPDK file prefix: "fl" and 12 random letters and digits (RunDirectory::file_prefix).
bool IsFilePrefix(std::string_view word) {
  return word.size() == 14 && word.starts_with("fl") &&
         std::all_of(word.begin(), word.end(), [](char c) {
           return std::islower(static_cast<unsigned char>(c)) != 0 || IsDigit(c);
         });
}

std::string NormaliseWord(std::string_view word) {
  if (word.size() > 2 && (word.starts_with("0x") || word.starts_with("0X")) &&
      AllOf(word.substr(2), std::isxdigit)) {
    return "<address>";
  }
  if (AllOf(word, std::isdigit)) {
    return "<n>";
  }
  if (IsFilePrefix(word)) {
    return "<prefix>";
  }
  return IsHash(word) ? "<hash>" : std::string(word);
}

// The size of ":123" at `colon`, also of ": 123" when another colon follows (SPDK pads line
// numbers); 0 when no line number stands there: "error: 5".
size_t LineNumberSize(std::string_view text, size_t colon) {
  const size_t blanks = TakeWhile(text, colon + 1, [](char c) { return c == ' '; }).size();
  const size_t digits = TakeWhile(text, colon + 1 + blanks, IsDigit).size();
  const size_t size = 1 + blanks + digits;
  const bool padded = colon + size < text.size() && text[colon + size] == ':';
  return digits > 0 && (blanks == 0 || padded) ? size : 0;
}

// `text` behind a time in brackets at its beginning.
std::string_view WithoutTime(std::string_view text) {
  if (!text.starts_with('[')) {
    return text;
  }
  const std::string_view time = TakeWhile(text, 1, [](char c) {
    return IsDigit(c) || std::string_view(" -:.,TZ+").find(c) != std::string_view::npos;
  });
  const bool closed = text.size() > time.size() + 1 && text[time.size() + 1] == ']';
  return closed && !time.empty() ? text.substr(time.size() + 2) : text;
}

}  // namespace

std::string NormaliseMessage(std::string_view text) {
  text = WithoutTime(text);
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '/' && at + 1 < text.size() && IsPathCharacter(text[at + 1])) {
      const std::string_view path = TakeWhile(text, at, IsPathCharacter);
      // The base name is read on from here, as text.
      const size_t last_slash = path.find_last_of('/');
      at += last_slash + 1 == path.size() ? path.size() : last_slash + 1;
    } else if (c == ':' && at > 0 && IsWordCharacter(text[at - 1]) &&
               LineNumberSize(text, at) > 0) {
      at += LineNumberSize(text, at);
    } else if (IsWordCharacter(c)) {
      const std::string_view word = TakeWhile(text, at, IsWordCharacter);
      out += NormaliseWord(word);
      at += word.size();
    } else {
      const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0 ||
                         std::iscntrl(static_cast<unsigned char>(c)) != 0;
      if (!blank) {
        out += c;
      } else if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
      ++at;
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  return out;
}

std::string MakeSignature(std::string_view kind, std::string_view message, const Stack& stack) {
  const std::string text = fmt::format("{}: {}", kind, NormaliseMessage(message));
  const std::vector<std::string> functions = BlamedFunctions(stack);
  return functions.empty() ? text : fmt::format("{} @ {}", text, fmt::join(functions, " < "));
}

}  // namespace faultline
