#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

// errno names of this machine's libc ("ENOMEM" -> 12), also EWOULDBLOCK and ENOTSUP.
std::optional<int> ErrnoByName(std::string_view name);
const std::vector<std::string>& ErrnoNames();

// Signals, with or without "SIG" ("SIGTERM", "TERM" -> 15). Real-time signals have no name.
std::optional<int> SignalByName(std::string_view name);
const std::vector<std::string>& SignalNames();  // with "SIG"

}  // namespace faultline
