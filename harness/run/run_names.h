#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/scenario/substitute.h"

namespace faultline {

// `text` with the run's own values written as ${name}, the longest first, so that two runs compare.
// A number is replaced only where it stands alone. Not the numbers of CPUs, which may mean
// anything, nor what steps have saved (`saved`). `earlier_pids`: those of earlier lives, and the
// name of each. Of what two targets share the name without a target's is taken.
std::string WithNames(std::string text, const Variables& variables,
                      const std::map<std::string, std::string>& earlier_pids,
                      const std::map<std::string, nlohmann::json>& saved);

// The reverse: ${name} of each variable is replaced by its value.
std::string WithValues(std::string text, const Variables& variables);

}  // namespace faultline
