#pragma once

#include <string_view>

namespace faultline {

// What a target should have done instead of what a finding of `kind` says, as a sentence without
// a subject: "carry on, or give up with an error ...". For an unknown kind what holds for all.
std::string_view ContractOf(std::string_view kind);

}  // namespace faultline
