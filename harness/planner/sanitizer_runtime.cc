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
      std::find_if(libraries.begin(), libraries.end(), [](const std::filesystem::path& library) {
        return IsSanitizerRuntime(library.filename().string());
      });
  return runtime == libraries.end() ? std::filesystem::path() : *runtime;
}

}  // namespace faultline
