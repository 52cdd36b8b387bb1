#include "harness/oracle/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
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

// What `fault_free`, of all targets, says of the one of this name; nullptr: nothing.
const FaultFreeRun* FindTarget(const FaultFreeRun* fault_free, const std::string& name) {
  if (fault_free == nullptr) {
    return nullptr;
  }
  const auto found = fault_free->targets.find(name);
  return found == fault_free->targets.end() ? nullptr : &found->second;
}

// What the other targets of the run have to do with this one. `fault_free` is that of all of them.
void LookElsewhere(const Evidence& all, const Evidence& own, const FaultFreeRun* fault_free,
                   OracleContext& context) {
  for (const Evidence& other : all.targets) {
    if (other.target == own.target || other.injections.empty()) {
      continue;
    }
    context.hit_elsewhere = true;
    context.gave_up_elsewhere =
        context.gave_up_elsewhere || GaveUpCleanly(other, FindTarget(fault_free, other.target));
  }
}

// The target whose directory `target` has: its own name, unless it shares another's.
std::string OwnerOfDirectory(const Scenario& scenario, const Target& target) {
  const auto shared = target.shares.find("run_dir");
  const Target* other =
      shared == target.shares.end() ? nullptr : scenario.FindTarget(shared->second);
  return other == nullptr ? target.name : OwnerOfDirectory(scenario, *other);
}

// Appends what `run` leaves in its directory, of all its lives, as a target names it that has the
// same one and is called `name`.
void AddLeftInDirectory(const FaultFreeRun& run, const std::string& name,
                        std::vector<std::string>& left_there) {
  const std::string others_name = "${" + name + ".";
  for (std::string left : run.left_behind) {
    if (left.find("${run_dir}/") == std::string::npos) {
      continue;
    }
    for (size_t at = left.find(others_name); at != std::string::npos;
         at = left.find(others_name, at)) {
      left.replace(at, others_name.size(), "${");
    }
    left_there.push_back(std::move(left));
  }
  for (const FaultFreeRun& life : run.lives) {
    AddLeftInDirectory(life, name, left_there);
  }
}

// `own`, which also leaves what the others leave fault-free in the directory that `target` has
// together with them: who comes up in another's place leaves that one's files.
FaultFreeRun WithLeftOfOthers(FaultFreeRun own, const Target& target,
                              const OracleContext& context) {
  const std::string owner = OwnerOfDirectory(context.scenario, target);
  std::vector<std::string> left;
  for (const auto& [name, run] : context.fault_free->targets) {
    const Target* other = context.scenario.FindTarget(name);
    if (other != nullptr && name != target.name &&
        OwnerOfDirectory(context.scenario, *other) == owner) {
      AddLeftInDirectory(run, target.name, left);
    }
  }
  own.left_behind.insert(own.left_behind.end(), left.begin(), left.end());
  for (FaultFreeRun& life : own.lives) {
    life.left_behind.insert(life.left_behind.end(), left.begin(), left.end());
  }
  return own;
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
    std::optional<FaultFreeRun> known;
    if (const FaultFreeRun* of_own = FindTarget(context.fault_free, own.target)) {
      known = WithLeftOfOthers(*of_own, *target, context);
    }
    const FaultFreeRun* fault_free = known ? &*known : nullptr;
    OracleContext of_target{scenario, is_subject ? context.profile : target->profile,
                            is_subject ? context.catalogue : target->catalogue, fault_free,
                            context.is_fault_free};
    LookElsewhere(evidence, own, context.fault_free, of_target);
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
