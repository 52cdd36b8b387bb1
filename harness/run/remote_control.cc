#include "harness/run/remote_control.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <string>

#include "harness/base/console.h"

namespace faultline {
namespace {

constexpr auto kAsLongAsItTakes = std::chrono::hours(24 * 365);

// Points with a hook, in order of their names.
std::set<std::string> PointsOf(const Plan& plan) {
  std::set<std::string> points;
  for (const PointCoverage& coverage : plan.coverage) {
    const bool is_point =
        std::find(plan.points.begin(), plan.points.end(), coverage.point) != plan.points.end();
    if (is_point && coverage.status == PointCoverage::Status::kFound) {
      points.insert(coverage.point);
    }
  }
  return points;
}

std::string Explain(LiveRun& run) {
  const std::set<std::string> points = PointsOf(run.hooking().plan());
  const auto pid = run.hooking().journal().Read().target_pid;  // as the target knows it
  const std::string command =
      fmt::format("fiu-ctrl -f {} -c", run.hooking().remote_control().string());
  std::string text = fmt::format("{} is running (process {}) and waits for you.\n",
                                 run.request().profile.name, pid);
  if (!points.empty()) {
    text += fmt::format("  {} 'enable name={}' {}\n", command, *points.begin(), pid);
    text += fmt::format("  {} 'enable_random name=*,probability=0.01' {}\n", command, pid);
    text += fmt::format("  {} 'disable name={}' {}\n", command, *points.begin(), pid);
  }
  text += fmt::format("  {} points are hooked: faultline points --profile {}\n", points.size(),
                      run.request().profile.name);
  const std::string socket = run.sandbox().rpc_address();
  return socket.empty() ? text : text + fmt::format("  its RPC socket: {}\n", socket);
}

// Takes what is there; true when that ends a line or is the end of standard input.
bool TakeLine() {
  char text[256];
  const ssize_t size = read(STDIN_FILENO, text, sizeof(text));
  if (size < 0) {
    return errno != EAGAIN && errno != EINTR;
  }
  return size == 0 || std::find(text, text + size, '\n') != text + size;
}

}  // namespace

void AwaitSwitches(const std::vector<LiveRun*>& targets, EventLoop& loop) {
  const auto all_gone = [&] {
    return std::all_of(targets.begin(), targets.end(),
                       [](const LiveRun* run) { return run->exited(); });
  };
  if (all_gone()) {
    return;
  }
  for (LiveRun* run : targets) {
    if (!run->exited()) {
      WriteMessage(Explain(*run));
    }
  }
  WriteMessage("Press Enter to stop the target and judge the run.\n");
  bool is_over = false;
  loop.Add(STDIN_FILENO, [&] { is_over = is_over || TakeLine(); });
  try {
    loop.RunUntil([&] { return is_over || all_gone(); }, Clock::now() + kAsLongAsItTakes);
  } catch (...) {
    loop.Remove(STDIN_FILENO);
    throw;
  }
  loop.Remove(STDIN_FILENO);
}

}  // namespace faultline
