#include "harness/oracle/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "harness/oracle/run_course.h"

namespace faultline {
namespace {

std::vector<std::string> FaultsThatHitTargets(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const Injection& injection : evidence.injections) {
    if (std::find(faults.begin(), faults.end(), injection.fault) == faults.end()) {
      faults.push_back(injection.fault);
    }
  }
  return faults;
}

// What the other targets of the run have to do with this one.
void LookElsewhere(const Evidence& all, const Evidence& own, OracleContext& context) {
  for (const Evidence& other : all.targets) {
    if (other.target == own.target || other.injections.empty()) {
      continue;
    }
    context.hit_elsewhere = true;
    context.gave_up_elsewhere = context.gave_up_elsewhere || GaveUpCleanly(other);
  }
}

// Whatever is wrong with one target explains that another did not do as written.
void FoldExpectations(std::vector<Finding>& findings) {
  const auto is_bug = [](const Finding& finding) { return finding.kind != kExpectation; };
  const auto bug = std::find_if(findings.begin(), findings.end(), is_bug);
  if (bug == findings.end()) {
    return;
  }
  std::vector<std::string> told;
  std::erase_if(findings, [&](const Finding& finding) {
    const bool is_explained = !is_bug(finding) && finding.target != bug->target;
    if (is_explained) {
      told.push_back("therefore: " + finding.title);
    }
    return is_explained;
  });
  Finding& explains = *std::find_if(findings.begin(), findings.end(), is_bug);
  explains.details.insert(explains.details.end(), told.begin(), told.end());
}

}  // namespace

std::vector<Finding> JudgeTargets(
    const Evidence& evidence, const OracleContext& context,
    const std::function<std::vector<Finding>(const Evidence&, const OracleContext&)>& judge) {
  std::vector<Finding> all;
  const std::vector<std::string> hit = FaultsThatHitTargets(evidence);
  for (const Evidence& own : evidence.targets) {
    const Target* target = context.scenario.FindTarget(own.target);
    if (target == nullptr) {
      continue;
    }
    const bool is_subject = own.target == context.scenario.subject;
    const Scenario scenario = context.scenario.ForTarget(*target);
    const FaultFreeRun* fault_free = nullptr;
    if (context.fault_free != nullptr) {
      const auto found = context.fault_free->targets.find(own.target);
      fault_free = found == context.fault_free->targets.end() ? nullptr : &found->second;
    }
    OracleContext of_target{scenario, is_subject ? context.profile : target->profile,
                            is_subject ? context.catalogue : target->catalogue, fault_free,
                            context.is_fault_free};
    LookElsewhere(evidence, own, of_target);
    for (Finding& finding : judge(own, of_target)) {
      finding.target = own.target;
      finding.title = own.target + ": " + finding.title;
      if (finding.caused_by.empty()) {
        finding.caused_by = hit;
      }
      all.push_back(std::move(finding));
    }
  }
  FoldExpectations(all);
  return all;
}

}  // namespace faultline
