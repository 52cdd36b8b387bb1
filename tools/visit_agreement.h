#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/store/store.h"

namespace faultline {

// How far the visits of two stores came to the same: those of one sweep by snapshots, say, and the
// same ones made cold.
struct VisitAgreement {
  // A plan whose two runs had another outcome, another exit, or findings of other signatures.
  struct Difference {
    std::string key;
    std::string place;  // of the site: "POINT in FUNCTION < CALLER < ..."
    std::string first;  // the outcome, how the target ended, and the signatures of what was found
    std::string second;
  };
  size_t compared = 0;  // plans that both have
  size_t only_first = 0;
  size_t only_second = 0;
  std::vector<Difference> differences;

  double percent() const;  // of those compared; 100 when there are none
};

// How many, then each difference; `first` and `second` say what the two are.
std::string Describe(const VisitAgreement& agreement, const std::string& first,
                     const std::string& second);

VisitAgreement CompareVisits(Store& first, Store& second);

}  // namespace faultline
