#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// Is a library of this base name the runtime of AddressSanitizer, LeakSanitizer or ThreadSanitizer?
// These stand in front of libc's functions with their own.
bool IsSanitizerRuntime(const std::string& base_name);

// The first such library among those that a program starts with; empty when it has none, or has it
// linked in. It insists on being the first library of the process, and LeakSanitizer on not being
// traced: it uses ptrace(2) itself. (UndefinedBehaviorSanitizer's minds neither.)
std::filesystem::path FindSanitizerRuntime(const std::vector<std::filesystem::path>& libraries);

}  // namespace faultline
