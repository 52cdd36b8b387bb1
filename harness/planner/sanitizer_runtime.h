#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// Is a library of this base name the runtime of AddressSanitizer, LeakSanitizer or ThreadSanitizer?
// These stand in front of libc's functions with their own.
bool IsSanitizerRuntime(const std::string& base_name);

// Such a library among those that a program starts with, in their order; empty when it has none, or
// has it linked in. Of two the last: what is preloaded comes before the program's own, which is the
// one that it is built for. It insists on being the first library of the process, and LeakSanitizer
// on not being traced: it uses ptrace(2) itself. (UndefinedBehaviorSanitizer's minds neither.)
std::filesystem::path FindSanitizerRuntime(const std::vector<std::filesystem::path>& libraries);

// Is it that of ThreadSanitizer? "" is not.
bool IsThreadSanitizer(const std::filesystem::path& runtime);

// `preload`, a value of LD_PRELOAD, with `runtime` before all others and no other such library: two
// of them in one process end it at once.
std::string PreloadFirst(const std::string& preload, const std::string& runtime);

}  // namespace faultline
