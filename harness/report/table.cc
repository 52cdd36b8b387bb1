#include "harness/report/table.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "harness/report/text.h"
#include "harness/report/wrap.h"

namespace faultline {
namespace {

constexpr size_t kFewestColumns = 40;  // in which words of a last cell may be broken
constexpr size_t kIndent = 4;          // of what stands below its row

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

std::string Table::ToString(size_t width) const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], DisplayWidth(row[column]));
    }
  }
  const size_t before_last =
      std::accumulate(widths.begin(), widths.end() - 1, size_t{0}) + 2 * (widths.size() - 1);
  if (before_last + widths.back() <= width) {
    return Lines(widths);
  }
  const size_t left = width - std::min(width, before_last);
  return left >= kFewestColumns ? InColumn(widths, left) : Below(widths, width);
}

std::string Table::Line(const std::vector<std::string>& row, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t column = 0; column < widths.size(); ++column) {
    Append(line, row[column], widths[column]);
  }
  return WithoutTrailingBlanks(std::move(line)) + "\n";
}

std::string Table::Dashes(const std::vector<size_t>& widths) {
  std::string dashes;
  for (const size_t width : widths) {
    Append(dashes, std::string(width, '-'), width);
  }
  return WithoutTrailingBlanks(std::move(dashes)) + "\n";
}

std::string Table::Lines(const std::vector<size_t>& widths) const {
  std::string text;
  for (size_t i = 0; i < rows_.size(); ++i) {
    text += Line(rows_[i], widths);
    if (i == 0) {
      text += Dashes(widths);
    }
  }
  return text;
}

std::string Table::InColumn(std::vector<size_t> widths, size_t left) const {
  widths.back() = left;
  std::string text;
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::vector<std::string> row = rows_[i];
    std::string rest = Wrapped(row.back(), left, 0);
    do {
      const size_t end = std::min(rest.find('\n'), rest.size());
      row.back() = rest.substr(0, end);
      text += Line(row, widths);
      rest.erase(0, end + 1);
      row.assign(row.size(), "");
    } while (!rest.empty());
    if (i == 0) {
      text += Dashes(widths);
    }
  }
  return text;
}

std::string Table::Below(std::vector<size_t> widths, size_t width) const {
  // The columns that stay: those that fit, the first at least, and not the last.
  const auto most = static_cast<std::ptrdiff_t>(widths.size()) - 1;
  std::ptrdiff_t stay = std::min<std::ptrdiff_t>(1, most);
  for (size_t used = widths.front(); stay < most; ++stay) {
    used += 2 + widths[static_cast<size_t>(stay)];
    if (used > width) {
      break;
    }
  }
  std::string text;
  const std::vector<size_t> first(widths.begin(), widths.begin() + stay);
  for (size_t i = 0; i < rows_.size(); ++i) {
    const std::vector<std::string>& row = rows_[i];
    const bool has_first = std::any_of(row.begin(), row.begin() + stay,
                                       [](const std::string& cell) { return !cell.empty(); });
    if (has_first) {
      text += Line(row, first);
    }
    std::string rest;
    std::for_each(row.begin() + stay, row.end(), [&rest](const std::string& cell) {
      rest += (rest.empty() || cell.empty() ? "" : "  ") + cell;
    });
    if (!rest.empty()) {
      text += Wrapped(std::string(kIndent, ' ') + rest, width, 2);
    }
    if (i == 0) {
      text += Dashes(first);
    }
  }
  return text;
}

}  // namespace faultline
