#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/oracle/unwinding.h"

// `leak`, without a run to compare with: objects of which none may stay (Observer::never_stays,
// Profile::never_stays), in a target that was taken down and exited by itself. What stays here
// stays in every run, so that no comparison shows it. Runs with faults are judged by the comparison
// (leak_oracle.cc), and so is the run that they are compared with.
namespace faultline {
namespace {

constexpr char kStayingKind[] = "leak";
constexpr size_t kMostNamed = 4;

// The registries of which nothing may stay.
std::set<std::string> NeverStaying(const OracleContext& context) {
  std::set<std::string> registries(context.profile.never_stays.begin(),
                                   context.profile.never_stays.end());
  for (const Observer& observer : context.catalogue.observers) {
    if (observer.never_stays) {
      registries.insert(observer.registry);
    }
  }
  return registries;
}

std::string NameOf(const TrackedObject& object) {
  return object.name.empty() ? object.registry
                             : fmt::format("{} `{}'", object.registry, object.name);
}

class StayingOracle : public Oracle {
 public:
  std::string_view kind() const override { return "leak-stays"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (context.fault_free != nullptr || context.is_fault_free || evidence.lost_records > 0 ||
        evidence.exit.kind != ExitStatus::Kind::kExited ||
        !BeginOfUnwinding(evidence, context.catalogue)) {
      return {};
    }
    const std::set<std::string> never = NeverStaying(context);
    std::vector<Finding> findings;
    Symbolizer symbolizer;
    std::map<std::string, size_t> by_signature;
    for (const TrackedObject& object : TrackObjects(evidence, context.catalogue)) {
      if (object.ended_by || !never.contains(object.registry)) {
        continue;
      }
      Finding finding = FindingAtEnd(
          kStayingKind, NameOf(object) + " is there when the target has ended", evidence);
      finding.object = object.name;
      finding.stack =
          BlamedStack(evidence.journal.records[object.record], evidence.journal, symbolizer);
      finding.signature = MakeSignature(kStayingKind, object.registry + " stays", finding.stack);
      finding.details.push_back(fmt::format("made in step {} by {}",
                                            evidence.journal.records[object.record].step,
                                            PlaceText(finding.stack)));
      const auto [known, is_new] = by_signature.try_emplace(finding.signature, findings.size());
      if (is_new) {
        findings.push_back(std::move(finding));
      } else if (findings[known->second].details.size() < kMostNamed) {
        findings[known->second].details.push_back("and so: " + NameOf(object));
      }
    }
    return findings;
  }

  // What the target itself says is left, in a line of its log that has no place, is this object.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    return (other.kind == kStayingKind && other.stack.empty() && !own.stack.empty()) ||
           Oracle::Explains(own, other, evidence, context);
  }
};

FAULTLINE_ORACLE(StayingOracle);

}  // namespace
}  // namespace faultline
