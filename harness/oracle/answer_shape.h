#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace faultline {

// What `answer` lacks of the shape of `model`, an answer to the same question, as a path in it:
// "[0].name"; "" when it lacks nothing. A member that is not there, another type, a shorter list, a
// text that a list of texts does not hold any more, true that became false: these are lacks.
// Numbers, single texts and texts with numbers in them differ from run to run.
std::string FindLack(const nlohmann::json& model, const nlohmann::json& answer);

}  // namespace faultline
