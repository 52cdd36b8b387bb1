#include "harness/run/ready_place.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <thread>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr int64_t kLastPort = 65'535;

// In the network of the thread that asks. Connecting instead would be a client that the target
// serves, in whichever step it comes to that.
bool IsListenedAt(uint16_t port) {
  constexpr char kListening[] = "0A";
  const std::string end = fmt::format(":{:04X}", port);
  for (const char* table : {"tcp", "tcp6"}) {
    std::istringstream lines(ReadFile(std::string("/proc/thread-self/net/") + table).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string slot, local, remote, state;
      words >> slot >> local >> remote >> state;
      if (state == kListening && local.ends_with(end)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::optional<FileMark> MarkAt(const std::string& path, const Sandbox& sandbox) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const std::filesystem::path expanded = ExpandForRun(path, sandbox.variables());
  struct stat status = {};
  // operator/ takes an absolute path as it is.
  if (lstat(sandbox.space().FromOutside(sandbox.run_dir() / expanded).c_str(), &status) != 0) {
    return std::nullopt;
  }
  return FileMark{status.st_dev, status.st_ino,
                  status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec};
}

bool ListensAt(const std::string& port, const Sandbox& sandbox) {
  const std::string text = ExpandForRun(port, sandbox.variables());
  const auto number = ParseInteger(text);
  if (!number || *number < 1 || *number > kLastPort) {
    throw Failure::BadInput(
        fmt::format("`ready: {{port: {}}}` is `{}`; expected 1 to 65535", port, text));
  }
  const RunSpace& space = sandbox.space();
  bool listens = false;
  // setns(2) is for one thread, so that it takes one of its own.
  std::thread([&] {
    if (space.network() < 0 || setns(space.network(), CLONE_NEWNET) == 0) {
      listens = IsListenedAt(static_cast<uint16_t>(*number));
    }
  }).join();
  return listens;
}

}  // namespace faultline
