#include "harness/store/store.h"

// What the store tells about source lines of a coverage build.
namespace faultline {

void Store::AddLines(const std::vector<StoredLine>& lines) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Statement row(database_,
                "INSERT INTO lines VALUES (?, ?, ?, ?) ON CONFLICT (file, line) DO UPDATE SET "
                "reached = max(reached, excluded.reached)");
  for (const StoredLine& line : lines) {
    row.BindAll(line.file, static_cast<int64_t>(line.line), line.function,
                static_cast<int64_t>(line.reached))
        .Run();
  }
  Commit(transaction);
}

std::vector<StoredLine> Store::Lines() {
  const std::lock_guard lock(mutex_);
  std::vector<StoredLine> lines;
  Statement row(database_, "SELECT file, line, function, reached FROM lines ORDER BY file, line");
  while (row.Next()) {
    lines.push_back({row.Text(0), static_cast<int>(row.Integer(1)), row.Text(2),
                     static_cast<StoredLine::Reached>(row.Integer(3))});
  }
  return lines;
}

}  // namespace faultline
