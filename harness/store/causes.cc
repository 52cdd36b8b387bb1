#include "harness/store/causes.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {
namespace {

std::string Count(size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::vector<CauseGroup> GroupByCause(const std::vector<const FindingGroup*>& findings) {
  std::vector<CauseGroup> groups;
  for (size_t i = 0; i < findings.size(); ++i) {
    const std::string& cause = findings[i]->cause;
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const CauseGroup& group) {
      return !cause.empty() && group.text == cause;
    });
    if (same == groups.end()) {
      groups.push_back({cause, {i}});
    } else {
      same->members.push_back(i);
    }
  }
  return groups;
}

std::string CountCauses(const std::vector<const FindingGroup*>& findings) {
  const size_t causes = GroupByCause(findings).size();
  const std::string count = Count(findings.size(), "finding");
  return causes == findings.size() ? count : fmt::format("{} ({})", Count(causes, "cause"), count);
}

}  // namespace faultline
