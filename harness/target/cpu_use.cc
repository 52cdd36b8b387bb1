#include "harness/target/cpu_use.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "harness/target/proc_status.h"

namespace faultline {

std::map<pid_t, CpuUse::Times> CpuUse::Read() const {
  std::map<pid_t, Times> threads;
  for (const pid_t tid : ThreadIds(pid_)) {
    const std::string text = ReadProcFile(pid_, fmt::format("task/{}/schedstat", tid).c_str());
    Times& times = threads[tid];
    char* end = nullptr;
    times.ran_ns = std::strtoll(text.c_str(), &end, 10);
    times.waited_ns = std::strtoll(end, nullptr, 10);
  }
  return threads;
}

CpuUse::Times CpuUse::Since() const {
  Times sum;
  for (const auto& [tid, now] : Read()) {
    const auto before = before_.find(tid);
    sum.ran_ns += now.ran_ns - (before == before_.end() ? 0 : before->second.ran_ns);
    sum.waited_ns += now.waited_ns - (before == before_.end() ? 0 : before->second.waited_ns);
  }
  return sum;
}

}  // namespace faultline
