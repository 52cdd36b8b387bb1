#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace faultline {

// A small table for people: columns aligned, two blanks between them, a line of dashes below the
// header. Cells are escaped (see text.h) and may hold UTF-8.
class Table {
 public:
  explicit Table(std::vector<std::string> header);

  // As many cells as the header has; fewer are filled up with empty ones, more are a
  // std::invalid_argument.
  void AddRow(std::vector<std::string> cells);

  // Each line ends with a newline; nothing follows the last cell of a line. What is wider than
  // `width` columns has the last cell of each row broken between words, within its column, when
  // that has room for some words; else the last cells of each row, as many as do not fit, stand
  // below it.
  std::string ToString(size_t width = std::numeric_limits<size_t>::max()) const;

 private:
  static std::string Line(const std::vector<std::string>& row, const std::vector<size_t>& widths);
  static std::string Dashes(const std::vector<size_t>& widths);
  std::string Lines(const std::vector<size_t>& widths) const;
  std::string InColumn(std::vector<size_t> widths, size_t left) const;
  std::string Below(std::vector<size_t> widths, size_t width) const;

  std::vector<std::vector<std::string>> rows_;  // the header first
};

}  // namespace faultline
