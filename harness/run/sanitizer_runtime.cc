#include "harness/run/sanitizer_runtime.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace faultline {

std::filesystem::path FindSanitizerRuntime(const std::vector<std::filesystem::path>& libraries) {
  // GCC's and Clang's names.
  constexpr std::array<std::string_view, 6> kRuntimes = {"libasan.so",        "liblsan.so",
                                                         "libtsan.so",        "libclang_rt.asan-",
                                                         "libclang_rt.lsan-", "libclang_rt.tsan-"};
  for (const std::filesystem::path& library : libraries) {
    const std::string name = library.filename();
    if (std::any_of(kRuntimes.begin(), kRuntimes.end(),
                    [&](std::string_view runtime) { return name.starts_with(runtime); })) {
      return library;
    }
  }
  return {};
}

}  // namespace faultline
