#pragma once

#include <string>
#include <vector>

namespace faultline {

// `words` as one line that a POSIX shell splits into just these words.
std::string JoinForShell(const std::vector<std::string>& words);

}  // namespace faultline
