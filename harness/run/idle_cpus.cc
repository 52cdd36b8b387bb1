#include "harness/run/idle_cpus.h"

#include <sched.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace faultline {

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
