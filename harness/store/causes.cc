#include "harness/store/causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace faultline {
namespace {

std::string Count(size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::vector<std::string> Split(const std::string& cause) {
  constexpr std::string_view kBetween = "; ";
  std::vector<std::string> clauses;
  for (size_t at = 0; at < cause.size();) {
    const size_t end = std::min(cause.find(kBetween, at), cause.size());
    clauses.push_back(cause.substr(at, end - at));
    at = end + kBetween.size();
  }
  return clauses;
}

std::set<std::string> ClausesOf(const FindingGroup& finding) {
  const std::vector<std::string> clauses = Split(finding.cause);
  return {clauses.begin(), clauses.end()};
}

bool HaveOneInCommon(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& one) { return b.contains(one); });
}

// See CauseGroup::text.
std::string SharedClause(const CauseGroup& group,
                         const std::vector<const FindingGroup*>& findings) {
  const std::vector<std::string> clauses = Split(findings[group.members.front()]->cause);
  const auto shared = std::find_if(clauses.begin(), clauses.end(), [&](const std::string& clause) {
    return std::all_of(group.members.begin(), group.members.end(), [&](size_t member) {
      return ClausesOf(*findings[member]).contains(clause);
    });
  });
  return shared != clauses.end() ? *shared : clauses.empty() ? "" : clauses.front();
}

}  // namespace

std::vector<CauseGroup> GroupByCause(const std::vector<const FindingGroup*>& findings) {
  std::vector<CauseGroup> groups;
  std::vector<std::set<std::string>> clauses;  // of each group
  for (size_t i = 0; i < findings.size(); ++i) {
    CauseGroup group{"", {i}};
    std::set<std::string> own = ClausesOf(*findings[i]);
    // A finding may join groups that had nothing in common so far.
    for (size_t g = groups.size(); g-- > 0;) {
      if (HaveOneInCommon(clauses[g], own)) {
        group.members.insert(group.members.end(), groups[g].members.begin(),
                             groups[g].members.end());
        own.insert(clauses[g].begin(), clauses[g].end());
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(g));
        clauses.erase(clauses.begin() + static_cast<std::ptrdiff_t>(g));
      }
    }
    std::sort(group.members.begin(), group.members.end());
    groups.push_back(std::move(group));
    clauses.push_back(std::move(own));
  }
  std::sort(groups.begin(), groups.end(), [](const CauseGroup& a, const CauseGroup& b) {
    return a.members.front() < b.members.front();
  });
  for (CauseGroup& group : groups) {
    group.text = SharedClause(group, findings);
  }
  return groups;
}

std::string CountCauses(const std::vector<const FindingGroup*>& findings) {
  const size_t causes = GroupByCause(findings).size();
  const std::string count = Count(findings.size(), "finding");
  return causes == findings.size() ? count : fmt::format("{} ({})", Count(causes, "cause"), count);
}

}  // namespace faultline
