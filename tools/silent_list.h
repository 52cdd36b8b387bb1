#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/store/store.h"

namespace faultline {

// A function that met failed calls and told nobody, although the target went on. No finding.
struct SilentFunction {
  std::string function;
  std::string place;                 // of one of its calls
  std::vector<std::string> points;   // that failed in it
  std::vector<std::string> lacking;  // requests that then reported success and changed less
  size_t runs = 0;
  size_t tried_again = 0;  // of the runs: the call was made again later
};

// Of the runs of a store, the most suspicious first: those after which the target's state lacks
// something, then those that never tried the call again, then by how many runs show it.
std::vector<SilentFunction> ListSilentFunctions(Store& store);

// For people, as a table; "" when there are none.
std::string TellSilentFunctions(const std::vector<SilentFunction>& functions, size_t width);

// [{function, place, points, lacking, runs, tried_again}], in the same order.
nlohmann::json SilentFunctionsToJson(const std::vector<SilentFunction>& functions);

}  // namespace faultline
