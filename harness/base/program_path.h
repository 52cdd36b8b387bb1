#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Programs as a shell finds them.
namespace faultline {

// A regular file that this process may execute.
bool IsProgram(const std::filesystem::path& path);

// Why `path` is none: "there is no such file", ...
std::string WhyNoProgram(const std::filesystem::path& path);

// `name` itself when it is a path (has a slash), else the first such program in PATH; "" when there
// is none.
std::filesystem::path FindInPath(const std::string& name);

// What the kernel executes for `program`: of a script (#!) its interpreter, links followed, and of
// anything else `program` itself.
std::filesystem::path ExecutedFor(const std::filesystem::path& program);

// The names of all programs in PATH, sorted, once each. Reads every directory of it.
std::vector<std::string> ProgramsInPath();

}  // namespace faultline
