#include "harness/planner/sanitizer_runtime.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace faultline {

bool IsSanitizerRuntime(const std::string& base_name) {
  // GCC's and Clang's names.
  constexpr std::array<std::string_view, 6> kRuntimes = {"libasan.so",        "liblsan.so",
                                                         "libtsan.so",        "libclang_rt.asan-",
                                                         "libclang_rt.lsan-", "libclang_rt.tsan-"};
  return std::any_of(kRuntimes.begin(), kRuntimes.end(),
                     [&](std::string_view runtime) { return base_name.starts_with(runtime); });
}

std::filesystem::path FindSanitizerRuntime(const std::vector<std::filesystem::path>& libraries) {
  const auto runtime =
      std::find_if(libraries.rbegin(), libraries.rend(), [](const std::filesystem::path& library) {
        return IsSanitizerRuntime(library.filename().string());
      });
  return runtime == libraries.rend() ? std::filesystem::path() : *runtime;
}

bool IsThreadSanitizer(const std::filesystem::path& runtime) {
  return runtime.filename().string().find("tsan") != std::string::npos;
}

std::string PreloadFirst(const std::string& preload, const std::string& runtime) {
  std::string result = runtime;
  std::string library;
  for (const char c : preload + ":") {  // the loader splits at spaces and colons
    if (c != ':' && c != ' ') {
      library += c;
      continue;
    }
    if (!library.empty() &&
        !IsSanitizerRuntime(std::filesystem::path(library).filename().string())) {
      result += ":" + library;
    }
    library.clear();
  }
  return result;
}

}  // namespace faultline
