#pragma once

#include <string_view>

namespace faultline {

// The kind of what is told and is no broken promise: the target ended itself as its profile says
// that it may (DeliberateAbort::allowed). It fails no command.
inline constexpr std::string_view kEndsByDesign = "ends-by-design";

}  // namespace faultline
