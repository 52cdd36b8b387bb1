#include "harness/scenario/named_values.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>

namespace faultline {
namespace {

// Linux' errno values end at 133 (EHWPOISON).
constexpr int kErrnoEnd = 134;

using NumberByName = std::map<std::string, int, std::less<>>;

const NumberByName& Errnos() {
  static const NumberByName all = [] {
    NumberByName map = {{"EWOULDBLOCK", EWOULDBLOCK}, {"ENOTSUP", ENOTSUP}};
    for (int number = 1; number < kErrnoEnd; ++number) {
      if (const char* name = strerrorname_np(number); name != nullptr) {
        map[name] = number;
      }
    }
    return map;
  }();
  return all;
}

const NumberByName& Signals() {
  static const NumberByName all = [] {
    NumberByName map;
    for (int number = 1; number < SIGRTMIN; ++number) {
      if (const char* name = sigabbrev_np(number); name != nullptr) {
        map[std::string("SIG") + name] = number;
      }
    }
    return map;
  }();
  return all;
}

std::optional<int> Find(const NumberByName& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::nullopt : std::optional<int>(found->second);
}

std::vector<std::string> Names(const NumberByName& map) {
  std::vector<std::string> names;
  for (const auto& [name, number] : map) {
    names.push_back(name);
  }
  return names;
}

}  // namespace

std::optional<int> ErrnoByName(std::string_view name) { return Find(Errnos(), name); }

const std::vector<std::string>& ErrnoNames() {
  static const std::vector<std::string> names = Names(Errnos());
  return names;
}

std::optional<int> SignalByName(std::string_view name) {
  return name.starts_with("SIG") ? Find(Signals(), name)
                                 : Find(Signals(), "SIG" + std::string(name));
}

const std::vector<std::string>& SignalNames() {
  static const std::vector<std::string> names = Names(Signals());
  return names;
}

}  // namespace faultline
