#pragma once

#include <algorithm>
#include <vector>

namespace faultline {

// The middle one, or the mean of the two in the middle. `values` must not be empty.
inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace faultline
