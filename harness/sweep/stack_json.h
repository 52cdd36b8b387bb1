#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/evidence/evidence.h"

// Stacks as a store keeps them: one short list per frame.
namespace faultline {

// [[function, file, line, module, offset], ...]
nlohmann::json StackToJson(const Stack& stack);
// What StackToJson made; a text of another form gives an empty stack.
Stack StackFromJson(const std::string& text);

// JSON on one line; what is not UTF-8 is replaced.
std::string CompactText(const nlohmann::json& json);

// "FUNCTION < CALLER < ...", innermost first, at most `most` functions; a frame without a function
// is named by its module. The same in other builds of the same source as long as inlining is.
std::string PlaceOf(const Stack& stack, size_t most = 12);

}  // namespace faultline
