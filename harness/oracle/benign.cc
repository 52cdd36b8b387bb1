#include "harness/oracle/benign.h"

#include <algorithm>

namespace faultline {

bool IsBenign(const Injection& injection, const Catalogue& catalogue) {
  return std::any_of(
      catalogue.benign.begin(), catalogue.benign.end(), [&](const CallPattern& benign) {
        return benign.Covers(injection.point) &&
               (benign.callers.empty() ||
                std::any_of(injection.stack.begin(), injection.stack.end(),
                            [&](const Frame& frame) {
                              return std::find(benign.callers.begin(), benign.callers.end(),
                                               frame.function) != benign.callers.end();
                            }));
      });
}

}  // namespace faultline
