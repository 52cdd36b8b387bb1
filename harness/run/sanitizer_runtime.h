#pragma once

#include <filesystem>
#include <vector>

namespace faultline {

// The runtime of AddressSanitizer, LeakSanitizer or ThreadSanitizer among the libraries that a
// program starts with; empty when it has none, or has it linked in. It insists on being the first
// library of the process, and LeakSanitizer on not being traced: it uses ptrace(2) itself.
// (UndefinedBehaviorSanitizer's minds neither.)
std::filesystem::path FindSanitizerRuntime(const std::vector<std::filesystem::path>& libraries);

}  // namespace faultline
