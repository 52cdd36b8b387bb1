#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace faultline {

// How much a sweep may spend: the first limit that is reached ends it. What then remains is done
// when the same command is given again.
struct Budget {
  int64_t time_ms = std::numeric_limits<int64_t>::max();
  int64_t runs = std::numeric_limits<int64_t>::max();

  bool is_limited() const {
    return time_ms != std::numeric_limits<int64_t>::max() ||
           runs != std::numeric_limits<int64_t>::max();
  }
};

// "90s", "15m", "2h" of time or "500runs" ("500 runs", "500"). Failure (kBadInput) for anything
// else.
Budget ParseBudget(const std::string& text);

}  // namespace faultline
