#include "harness/oracle/time_stamp.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace faultline {
namespace {

bool IsDecimal(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsGap(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) {
    return false;
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == '9'   ? IsDecimal(text[i])
                      : shape[i] == 'A' ? IsLetter(text[i])
                                        : text[i] == shape[i];
    if (!fits) {
      return false;
    }
  }
  return true;
}

size_t DigitsAt(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && IsDecimal(text[end])) {
    ++end;
  }
  return end - at;
}

namespace {

bool StartsWithOneOf(std::string_view text, const auto& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.starts_with(word) && (text.size() == word.size() || !IsLetter(text[word.size()]));
  });
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 11> kZones = {"UTC", "GMT", "CET", "CEST", "EST", "EDT",
                                                     "PST", "PDT", "MSK", "JST",  "IST"};

// The functions below give the size of what `text` begins with; 0 when it begins with none.

size_t ZoneSize(std::string_view text) {
  const size_t blank = !text.empty() && text[0] == ' ' ? 1 : 0;
  const std::string_view zone = text.substr(blank);
  if (blank == 0 && zone.starts_with('Z')) {
    return 1;
  }
  if (HasShape(zone, "+99:99") || HasShape(zone, "-99:99")) {
    return blank + 6;
  }
  if (HasShape(zone, "+9999") || HasShape(zone, "-9999")) {
    return blank + 5;
  }
  const auto* name = std::find_if(kZones.begin(), kZones.end(), [&](std::string_view one) {
    return zone.starts_with(one) && (zone.size() == one.size() || !IsLetter(zone[one.size()]));
  });
  return name == kZones.end() ? 0 : blank + name->size();
}

size_t TimeSize(std::string_view text) {
  size_t size = HasShape(text, "99:99:99") ? 8 : HasShape(text, "9:99:99") ? 7 : 0;
  if (size == 0) {
    return 0;
  }
  if (size < text.size() && (text[size] == '.' || text[size] == ',' || text[size] == ':')) {
    const size_t fraction = DigitsAt(text, size + 1);
    size += fraction > 0 ? 1 + fraction : 0;
  }
  return size + ZoneSize(text.substr(size));
}

// "Jan  2", "Jan 2 2026", "Jan 02 20:21:22 2026" is a date, a time and a year.
size_t MonthAndDaySize(std::string_view text) {
  if (!StartsWithOneOf(text, kMonths) || text.size() < 5 || text[3] != ' ') {
    return 0;
  }
  const size_t day = text[4] == ' ' ? 5 : 4;
  const size_t digits = DigitsAt(text, day);
  if (digits < 1 || digits > 2) {
    return 0;
  }
  const size_t size = day + digits;
  return HasShape(text.substr(size), " 9999") && TimeSize(text.substr(size + 1)) == 0 ? size + 5
                                                                                      : size;
}

size_t DateSize(std::string_view text) {
  for (const std::string_view shape :
       {"9999-99-99", "9999/99/99", "9999.99.99", "99/AAA/9999", "99-AAA-9999", "99 AAA 9999",
        "99/99/9999", "99.99.9999", "99/99/99", "9 AAA 9999"}) {
    if (HasShape(text, shape)) {
      return shape.size();
    }
  }
  if (HasShape(text, "99-99 ") && TimeSize(text.substr(6)) > 0) {
    return 5;  // Android: month and day
  }
  if (HasShape(text, "99999999T999999") || HasShape(text, "99999999-999999")) {
    return 15;
  }
  if (HasShape(text, "99999999 ") && TimeSize(text.substr(9)) > 0) {
    return 8;
  }
  if (StartsWithOneOf(text, kDays)) {
    const size_t size = text.size() > 3 && text[3] == ',' ? 4 : 3;
    const size_t rest =
        size < text.size() && text[size] == ' ' ? DateSize(text.substr(size + 1)) : 0;
    return rest > 0 ? size + 1 + rest : 0;
  }
  return MonthAndDaySize(text);
}

// Seconds since the epoch or since the start, with or without a fraction.
size_t SecondsSize(std::string_view text) {
  const size_t whole = DigitsAt(text, 0);
  const size_t fraction =
      whole > 0 && whole < text.size() && text[whole] == '.' ? DigitsAt(text, whole + 1) : 0;
  const size_t size = fraction > 0 ? whole + 1 + fraction : whole;
  const bool is_epoch = (whole == 10 || whole == 13) && text[0] == '1';
  if (!is_epoch && fraction < 3) {
    return 0;
  }
  const bool ends = size == text.size() || IsGap(text[size]) || text[size] == ':' ||
                    text[size] == '|' || text[size] == ']';
  return ends ? size : 0;
}

}  // namespace

size_t StampSize(std::string_view text) {
  if (const size_t date = DateSize(text); date > 0) {
    const size_t gap = date < text.size() && (IsGap(text[date]) || text[date] == 'T' ||
                                              text[date] == ':' || text[date] == '-')
                           ? 1
                           : 0;
    const size_t time = TimeSize(text.substr(date + gap));
    size_t size = time > 0 ? date + gap + time : date;
    // ctime(3) puts the year last.
    size +=
        time > 0 && HasShape(text.substr(size), " 9999") && StartsWithOneOf(text, kDays) ? 5 : 0;
    return size;
  }
  const size_t time = TimeSize(text);
  return time > 0 ? time : SecondsSize(text);
}

std::string_view UpToNextStamp(std::string_view text) {
  constexpr size_t kDateAndTime = std::string_view("9999-99-99 99:99:99").size();
  const size_t size = text.starts_with('[') ? StampSize(text.substr(1)) : 0;
  const auto is_stamp = [&](size_t at) {
    return StampSize(text.substr(at + 1)) == size && text.substr(at + 1 + size).starts_with(']');
  };
  if (size < kDateAndTime || !is_stamp(0)) {
    return text;
  }
  size_t at = text.find('[', size);
  while (at != std::string_view::npos && !is_stamp(at)) {
    at = text.find('[', at + 1);
  }
  return text.substr(0, at);
}

}  // namespace faultline
