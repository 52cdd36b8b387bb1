#include "harness/report/contract.h"

#include <algorithm>
#include <array>
#include <utility>

namespace faultline {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kContract = {{
    {"crash", "carry on, or give up with an error and a non-zero exit; never die of a signal"},
    {"double-free", "end each object once"},
    {"ends-by-design", "end itself there, as its profile says that it may"},
    {"hang", "start, answer and stop within its limits, with an error if it must"},
    {"io-device-missing",
     "use and unregister only devices that are registered, then end within its limit"},
    {"leak", "give back what it took, and leave nothing behind, as its fault-free run does"},
    {"not-rolled-back",
     "leave everything as it was when a request fails, and do it when it is asked again"},
    {"sanitizer", "touch only memory that is its own, and free it"},
    {"swallowed", "tell of the failure by an error, or do without it as well as with it"},
    {"expectation", "go as the scenario says"},
}};

}  // namespace

std::string_view ContractOf(std::string_view kind) {
  const auto* found = std::find_if(kContract.begin(), kContract.end(),
                                   [&](const auto& entry) { return entry.first == kind; });
  return found != kContract.end() ? found->second : "carry on, or give up cleanly with an error";
}

}  // namespace faultline
