#include "harness/run/cpus.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace faultline {
namespace {

namespace fs = std::filesystem;

fs::path DirectoryOf(int cpu) { return fmt::format("/sys/devices/system/cpu/cpu{}", cpu); }

// "node0"; "" where the kernel knows of no nodes.
std::string NodeOf(int cpu) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(DirectoryOf(cpu), error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("node")) {
      return name;
    }
  }
  return "";
}

std::vector<int> UsableCpus() {
  std::vector<int> cpus;
  std::string node;
  std::error_code error;
  cpu_set_t ours;
  if (::sched_getaffinity(0, sizeof(ours), &ours) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &ours) == 0) {
        continue;
      }
      if (cpus.empty()) {
        node = NodeOf(cpu);
      }
      if (node.empty() || fs::exists(DirectoryOf(cpu) / node, error)) {
        cpus.push_back(cpu);
      }
    }
  }
  return cpus.empty() ? std::vector<int>{0} : cpus;
}

// A socket bound to the abstract address "@name"; none when somebody else's is.
UniqueFd BindAbstract(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The first byte of an abstract address is 0.
  const size_t size = name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                    static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + size)) != 0) {
    return {};
  }
  return fd;
}

// The claim on `cpu` of one whom `sharers` others go before.
std::string AddressOf(const std::string& family, int cpu, int sharers) {
  return fmt::format("{}-cpu-{}{}", family, cpu, sharers == 0 ? "" : fmt::format("-{}", sharers));
}

// Claims on one CPU; more runs than that go on with none.
constexpr int kMostSharers = 64;

}  // namespace

CpuClaim::CpuClaim(const std::string& family) {
  const std::vector<int> cpus = UsableCpus();
  size_t mine = 0;
  for (int sharers = 0; sharers < kMostSharers && !socket_; ++sharers) {
    for (size_t i = 0; i < cpus.size() && !socket_; ++i) {
      socket_ = BindAbstract(AddressOf(family, cpus[i], sharers));
      mine = i;
      sharers_ = sharers;
    }
  }
  cpu_ = cpus[mine];
  second_cpu_ = cpus[(mine + 1) % cpus.size()];
}

ClaimedCpus CountClaimedCpus(const std::string& family) {
  const std::vector<int> cpus = UsableCpus();
  ClaimedCpus use;
  use.usable = static_cast<int>(cpus.size());
  use.claimed = static_cast<int>(std::count_if(cpus.begin(), cpus.end(), [&](int cpu) {
    return !BindAbstract(AddressOf(family, cpu, 0)) && errno == EADDRINUSE;
  }));
  return use;
}

std::optional<IdleCpus::Seconds> IdleCpus::TotalIdle() const {
  cpu_set_t ours;
  const bool limited = ::sched_getaffinity(0, sizeof(ours), &ours) == 0;
  std::ifstream stat(stat_);
  std::optional<int64_t> ticks;
  for (std::string line; std::getline(stat, line) && line.starts_with("cpu");) {
    size_t cpu = 0;
    int64_t idle = 0;
    int64_t waiting_for_io = 0;
    // user, nice, system, idle, iowait; the line of all CPUs together has no number
    if (std::sscanf(line.c_str(), "cpu%zu %*d %*d %*d %ld %ld", &cpu, &idle, &waiting_for_io) ==
            3 &&
        (!limited || (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &ours)))) {
      ticks = ticks.value_or(0) + idle + waiting_for_io;
    }
  }
  if (!ticks) {
    return std::nullopt;
  }
  return Seconds(static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

std::optional<double> IdleCpus::Measure(Clock::time_point now) {
  const Clock::duration since = now - begin_;
  if (idle_before_ && since < kShortest) {
    return std::nullopt;
  }
  const std::optional<Seconds> idle = TotalIdle();
  std::optional<double> cpus;
  if (idle && idle_before_ && since <= kLongest) {
    cpus = (*idle - *idle_before_) / since;
  }
  begin_ = now;
  idle_before_ = idle;
  return cpus;
}

}  // namespace faultline
