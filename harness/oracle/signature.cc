#include "harness/oracle/signature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <vector>

#include "harness/oracle/blame.h"
#include "harness/oracle/log_line.h"

namespace faultline {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool IsNumeral(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
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
           return std::islower(static_cast<unsigned char>(c)) != 0 || IsNumeral(c);
         });
}

// Is `word` what C calls an error, as ENOMEM?
bool IsErrorName(std::string_view word) {
  constexpr int kLastError = 133;  // EHWPOISON
  if (word.size() < 3 || word[0] != 'E') {
    return false;
  }
  for (int error = 1; error <= kLastError; ++error) {
    const char* name = ::strerrorname_np(error);
    if (name != nullptr && word == name) {
      return true;
    }
  }
  return word == "EWOULDBLOCK" || word == "ENOTSUP" || word == "EDEADLOCK";
}

// "net_null0" is "net_null#": which of several it was.
std::string WithoutDigits(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (!IsNumeral(c)) {
      out += c;
    } else if (out.empty() || out.back() != '#') {
      out += '#';
    }
  }
  return out;
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
  if (IsHash(word)) {
    return "<hash>";
  }
  return IsErrorName(word) ? "<errno>" : WithoutDigits(word);
}

// The size of ":123" at `colon`, also of ": 123" when another colon follows (SPDK pads line
// numbers); 0 when no line number stands there: "error: 5".
size_t LineNumberSize(std::string_view text, size_t colon) {
  const size_t blanks = TakeWhile(text, colon + 1, [](char c) { return c == ' '; }).size();
  const size_t digits = TakeWhile(text, colon + 1 + blanks, IsNumeral).size();
  const size_t size = 1 + blanks + digits;
  const bool padded = colon + size < text.size() && text[colon + size] == ':';
  return digits > 0 && (blanks == 0 || padded) ? size : 0;
}

// What strerror(3) says of any error, the longest first: none of them is the beginning of another
// that comes behind it.
const std::vector<std::string_view>& ErrorTexts() {
  static const std::vector<std::string_view> texts = [] {
    constexpr int kLastError = 133;
    std::vector<std::string_view> all;
    for (int error = 1; error <= kLastError; ++error) {
      if (const char* text = ::strerrordesc_np(error); text != nullptr) {
        all.emplace_back(text);
      }
    }
    std::sort(all.begin(), all.end(),
              [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
    return all;
  }();
  return texts;
}

// A failure that is forced brings an error of ours to choose: which one is no part of the bug.
std::string WithoutErrorTexts(std::string_view text) {
  std::string out(text);
  for (const std::string_view error : ErrorTexts()) {
    for (size_t at = out.find(error); at != std::string::npos; at = out.find(error, at + 1)) {
      const size_t behind = at + error.size();
      const bool whole = (at == 0 || !IsWordCharacter(out[at - 1])) &&
                         (behind == out.size() || !IsWordCharacter(out[behind]));
      if (whole) {
        out.replace(at, error.size(), "<errno>");
      }
    }
  }
  return out;
}

// rsyslog writes control characters of a message as "#012".
void ReplaceEscapedControls(std::string& text) {
  for (size_t at = text.find("#0"); at != std::string::npos; at = text.find("#0", at + 1)) {
    const bool octal = at + 4 <= text.size() && text[at + 2] >= '0' && text[at + 2] <= '3' &&
                       text[at + 3] >= '0' && text[at + 3] <= '7';
    if (octal) {
      text.replace(at, 4, " ");
    }
  }
}

}  // namespace

size_t UuidSize(std::string_view text, size_t start) {
  constexpr size_t kGroups[] = {8, 4, 4, 4, 12};
  size_t at = start;
  for (const size_t group : kGroups) {
    if (at > start && (at >= text.size() || text[at++] != '-')) {
      return 0;
    }
    const std::string_view word = TakeWhile(text, at, IsWordCharacter);
    if (word.size() != group || !AllOf(word, std::isxdigit)) {
      return 0;
    }
    at += group;
  }
  return at - start;
}

std::string NormaliseMessage(std::string_view whole) {
  std::string text = WithoutErrorTexts(SplitLogLine(whole).message);
  ReplaceEscapedControls(text);
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '/' && at + 1 < text.size() && IsPathCharacter(text[at + 1])) {
      const std::string_view path = TakeWhile(text, at, IsPathCharacter);
      // The base name is read on from here, as text.
      const size_t last_slash = path.find_last_of('/');
      out += !out.empty() && out.back() == '}' ? "/" : "";  // behind ${run_dir}
      at += last_slash + 1 == path.size() ? path.size() : last_slash + 1;
    } else if (c == ':' && at > 0 && IsWordCharacter(text[at - 1]) &&
               LineNumberSize(text, at) > 0) {
      at += LineNumberSize(text, at);
    } else if (const size_t uuid = UuidSize(text, at); uuid > 0) {
      out += "<uuid>";
      at += uuid;
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
