#pragma once

#include <memory>
#include <string>

namespace faultline {

// Where a value was written; line and column are 1-based. Printed as file:line:column.
struct SourcePosition {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  std::string ToString() const;  // "FILE:LINE:COLUMN", or "" when nothing is known
};

}  // namespace faultline
