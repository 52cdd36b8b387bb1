#pragma once

#include <filesystem>
#include <string>

#include "harness/scenario/data_kind.h"

namespace faultline {

// Before a data file is written where the user says: Failure (kBadInput), with the option's name,
// when `file` is there and is a data file of Faultline of another kind, which nobody means to lose.
void RequireReplaceable(const std::string& option, const std::filesystem::path& file,
                        DataKind kind);

}  // namespace faultline
