#include "harness/oracle/oracle.h"

#include <algorithm>
#include <string>

#include "harness/base/line_pattern.h"
#include "harness/oracle/before_fault.h"
#include "harness/oracle/lives.h"
#include "harness/oracle/targets.h"
#include "harness/oracle/user_names.h"
#include "oracle_version.h"

namespace faultline {
namespace {

// A function-local object: oracles register while other files' globals are still being made.
std::vector<std::unique_ptr<Oracle>>& Registered() {
  static std::vector<std::unique_ptr<Oracle>> oracles;
  return oracles;
}

struct Judgement {
  const Oracle* oracle;
  Finding finding;
  bool explained = false;
};

// Folds what another finding explains into that one. A finding that is itself explained explains
// nothing more: its explanation is asked for the rest.
void FoldExplained(std::vector<Judgement>& judgements, const Evidence& evidence,
                   const OracleContext& context) {
  for (Judgement& cause : judgements) {
    for (Judgement& effect : judgements) {
      // What had failed before is no effect of what a fault did.
      if (CameBeforeFault(effect.finding, evidence) && !CameBeforeFault(cause.finding, evidence)) {
        continue;
      }
      if (cause.explained || effect.explained || cause.oracle == effect.oracle ||
          !cause.oracle->Explains(cause.finding, effect.finding, evidence, context)) {
        continue;
      }
      effect.explained = true;
      Finding& own = cause.finding;
      own.details.push_back("and so: " + effect.finding.title);
      own.details.insert(own.details.end(), effect.finding.details.begin(),
                         effect.finding.details.end());
      if (own.stack.empty()) {
        own.stack = effect.finding.stack;
      }
    }
  }
  std::erase_if(judgements, [](const Judgement& judgement) { return judgement.explained; });
}

// The faults that had fired by the step in which the finding came to light, each once.
std::vector<std::string> CausesOf(const Finding& finding, const Evidence& evidence) {
  std::vector<std::string> causes;
  if (CameBeforeFault(finding, evidence)) {
    return causes;
  }
  for (const Injection& injection : evidence.injections) {
    const bool before = finding.step == 0 || injection.step <= finding.step;
    if (before && std::find(causes.begin(), causes.end(), injection.fault) == causes.end()) {
      causes.push_back(injection.fault);
    }
  }
  return causes;
}

void MarkKnown(Finding& finding, const Scenario& scenario) {
  for (const KnownFinding& known : scenario.known_findings) {
    if (known.kind == finding.kind &&
        (known.pattern.empty() || LinePattern(known.pattern).Matches(finding.title))) {
      finding.known = true;
      finding.note = known.note;
      return;
    }
  }
}

}  // namespace

bool Oracle::Explains(const Finding& own, const Finding& other, const Evidence&,
                      const OracleContext&) const {
  return other.kind == kExpectation || (own.kind == other.kind && HappensOnce(own.kind));
}

bool HappensOnce(std::string_view kind) {
  return kind == "crash" || kind == "hang" || kind == "swallowed";
}

const std::vector<std::unique_ptr<Oracle>>& AllOracles() { return Registered(); }

namespace oracle_internal {

bool Register(std::unique_ptr<Oracle> oracle) {
  std::vector<std::unique_ptr<Oracle>>& oracles = Registered();
  const auto behind = std::find_if(oracles.begin(), oracles.end(), [&](const auto& other) {
    return other->kind() > oracle->kind();
  });
  oracles.insert(behind, std::move(oracle));
  return true;
}

}  // namespace oracle_internal

namespace {

std::vector<Finding> JudgeLife(const Evidence& evidence, const OracleContext& context) {
  std::vector<Judgement> judgements;
  for (const std::unique_ptr<Oracle>& oracle : AllOracles()) {
    for (Finding& finding : oracle->Judge(evidence, context)) {
      judgements.push_back({oracle.get(), std::move(finding)});
    }
  }
  FoldExplained(judgements, evidence, context);
  const std::vector<std::string> names = UserNames(context.scenario);
  std::vector<Finding> findings;
  for (Judgement& judgement : judgements) {
    Finding& finding = judgement.finding;
    finding.title = WithoutVariables(WithoutPid(finding.title, evidence.journal.target_pid));
    finding.signature = WithoutUserNames(finding.signature, names);
    finding.caused_by = CausesOf(finding, evidence);
    if (CameBeforeFault(finding, evidence)) {
      finding.details.push_back("this was so before anything was made to fail");
    }
    MarkKnown(finding, context.scenario);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

std::vector<Finding> Judge(const Evidence& evidence, const OracleContext& context) {
  if (!evidence.targets.empty()) {
    std::vector<Finding> of_targets = JudgeTargets(evidence, context, Judge);
    for (Finding& finding : of_targets) {
      MarkKnown(finding, context.scenario);
    }
    return of_targets;
  }
  if (evidence.lives.empty()) {
    return JudgeLife(evidence, context);
  }
  std::vector<Finding> findings = JudgeLives(evidence, context, JudgeLife);
  for (Finding& finding : findings) {
    MarkKnown(finding, context.scenario);
  }
  return findings;
}

uint64_t OracleVersion() { return kOracleSourceVersion; }

}  // namespace faultline
