#pragma once

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

  // Each line ends with a newline; nothing follows the last cell of a line.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the header first
};

}  // namespace faultline
