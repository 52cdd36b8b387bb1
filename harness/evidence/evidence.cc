#include "harness/evidence/evidence.h"

#include <algorithm>

#include <fmt/format.h>
#include <string.h>

namespace faultline {

std::string ExitStatus::ToString() const {
  switch (kind) {
    case Kind::kNotEnded:
      return "not ended";
    case Kind::kExited:
      return fmt::format("exit {}", code);
    case Kind::kKilledByUs:
      return "killed after its limit";
    case Kind::kSignaled:
      break;
  }
  const char* name = sigabbrev_np(code);
  const std::string signal = name ? fmt::format("SIG{}", name) : fmt::format("signal {}", code);
  return core_dumped ? signal + " (core dumped)" : signal;
}

std::string Frame::ToString() const {
  const std::string place =
      module.empty() ? fmt::format("{:#x}", offset) : fmt::format("{}+{:#x}", module, offset);
  if (function.empty()) {
    return place;
  }
  if (file.empty()) {
    return fmt::format("{} ({})", function, place);
  }
  return line > 0 ? fmt::format("{} ({}:{})", function, file, line)
                  : fmt::format("{} ({})", function, file);
}

bool IsCleanEnd(const ExitStatus& exit, const CleanEnd& clean) {
  const auto has = [](const std::vector<int>& values, int value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  constexpr int kShellsBase = 128;
  switch (exit.kind) {
    case ExitStatus::Kind::kExited:
      return has(clean.exit_codes, exit.code);
    case ExitStatus::Kind::kSignaled:
      return has(clean.signals, exit.code) || has(clean.exit_codes, kShellsBase + exit.code);
    case ExitStatus::Kind::kNotEnded:
    case ExitStatus::Kind::kKilledByUs:
      break;
  }
  return false;
}

}  // namespace faultline
