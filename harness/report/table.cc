#include "harness/report/table.h"

#include <algorithm>
#include <stdexcept>

#include "harness/report/text.h"

namespace faultline {
namespace {

void Append(std::string& line, const std::string& cell, size_t width) {
  line += cell;
  line.append(width - std::min(width, DisplayWidth(cell)) + 2, ' ');
}

std::string WithoutTrailingBlanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

Table::Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

void Table::AddRow(std::vector<std::string> cells) {
  const size_t columns = rows_.front().size();
  if (cells.size() > columns) {
    throw std::invalid_argument("a table row has more cells than the header");
  }
  cells.resize(columns);
  for (std::string& cell : cells) {
    cell = EscapeControls(cell);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::ToString() const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], DisplayWidth(row[column]));
    }
  }
  std::string text;
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::string line;
    for (size_t column = 0; column < widths.size(); ++column) {
      Append(line, rows_[i][column], widths[column]);
    }
    text += WithoutTrailingBlanks(std::move(line)) + "\n";
    if (i == 0) {
      std::string dashes;
      for (const size_t width : widths) {
        Append(dashes, std::string(width, '-'), width);
      }
      text += WithoutTrailingBlanks(std::move(dashes)) + "\n";
    }
  }
  return text;
}

}  // namespace faultline
