#include "harness/report/wrap.h"

#include <algorithm>

#include "harness/report/text.h"

namespace faultline {
namespace {

// One line without its end.
void AddWrapped(std::string_view line, size_t width, size_t indent, std::string& out) {
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::string margin(begin + indent, ' ');
  std::string current(line.substr(0, begin));
  size_t columns = begin;
  bool is_empty = true;  // `current` has no word yet
  line.remove_prefix(begin);
  while (!line.empty()) {
    // A word, and the blanks before it: columns of a table are kept apart by several.
    const size_t word_begin = std::min(line.find_first_not_of(' '), line.size());
    const size_t word_end = std::min(line.find(' ', word_begin), line.size());
    const std::string_view word = line.substr(word_begin, word_end - word_begin);
    const size_t blanks = is_empty ? 0 : word_begin;
    if (!is_empty && columns + blanks + DisplayWidth(word) > width && !word.empty()) {
      out += current + "\n";
      current = margin;
      columns = margin.size();
    } else {
      current.append(blanks, ' ');
      columns += blanks;
    }
    current += word;
    columns += DisplayWidth(word);
    is_empty = false;
    line.remove_prefix(word_end);
  }
  out += current + "\n";
}

}  // namespace

std::string Wrapped(std::string_view text, size_t width, size_t indent) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    AddWrapped(text.substr(0, end), width, indent, out);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace faultline
