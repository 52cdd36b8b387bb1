#pragma once

#include <filesystem>
#include <string>
#include <string_view>

// Files that nobody means to lose, when he names one for a result.
namespace faultline {

inline constexpr std::string_view kProgram = "a program";
inline constexpr std::string_view kStore = "a store";
inline constexpr std::string_view kDataFile = "a data file of Faultline";
inline constexpr char kNotReplaced[] = ", which is not replaced; expected another file";

// Which of the three the regular file `file` is, as its first bytes tell; "" for all else.
std::string_view PreciousContent(const std::filesystem::path& file);

// Failure (kBadInput) when the report that `option` asks for would replace a data file. Programs
// and stores are replaced by no OutputFile.
void RequireNoDataFile(const std::string& option, const std::filesystem::path& file);

}  // namespace faultline
