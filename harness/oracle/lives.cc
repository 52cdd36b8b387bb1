#include "harness/oracle/lives.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "harness/oracle/told_failure.h"

namespace faultline {
namespace {

bool EndedByItself(const Evidence& life) { return life.exit.kind == ExitStatus::Kind::kExited; }

std::set<std::string> LeftBy(const Evidence& life) {
  return {life.left_behind.begin(), life.left_behind.end()};
}

// What a target leaves once may be its way; what grows with each start fills a disk or the
// hugepages. Two lives may differ by a file that only the second start makes, three that grow do
// not.
void JudgeGrowth(const std::vector<Evidence>& lives, std::vector<Finding>& findings) {
  constexpr size_t kFewestLives = 3;
  if (lives.size() < kFewestLives || !std::all_of(lives.begin(), lives.end(), EndedByItself)) {
    return;
  }
  for (size_t i = 1; i < lives.size(); ++i) {
    if (LeftBy(lives[i]).size() <= LeftBy(lives[i - 1]).size()) {
      return;
    }
  }
  Finding& finding = findings.emplace_back();
  finding.kind = "leak";
  finding.title =
      fmt::format("each start leaves more behind: {} after the first, {} after {}",
                  LeftBy(lives.front()).size(), LeftBy(lives.back()).size(), lives.size());
  finding.signature = "leak: each start leaves more behind";
  finding.cause = finding.signature;
  const std::set<std::string> before = LeftBy(lives[lives.size() - 2]);
  for (const std::string& left : lives.back().left_behind) {
    if (before.count(left) == 0) {
      finding.object = left;
      finding.details.push_back("left behind by the last start: " + left);
    }
  }
}

constexpr std::string_view kEarlierPid = "earlier_pid_";

// A file that an earlier life has left bears that one's pid in its name, as ${earlier_pid_1} or
// ${NAME.earlier_pid_1}. Here as in that life: ${pid}.
std::string AsInItsLife(std::string text) {
  for (size_t at = text.find(kEarlierPid); at != std::string::npos; at = text.find(kEarlierPid)) {
    const size_t begin = text.rfind("${", at);
    const size_t end = text.find('}', at);
    if (begin == std::string::npos || end == std::string::npos) {
      break;
    }
    text.replace(begin, end + 1 - begin, "${pid}");
  }
  return text;
}

// The same signature again: the lives that show it.
struct Told {
  size_t index;  // of the finding
  std::vector<size_t> lives;
};

std::string LivesText(const std::vector<size_t>& lives, size_t all) {
  std::string text = lives.size() == 1 ? "in life " : "in lives ";
  for (size_t i = 0; i < lives.size(); ++i) {
    text += i == 0 ? "" : i + 1 == lives.size() ? " and " : ", ";
    text += std::to_string(lives[i]);
  }
  return fmt::format("{} of {}", text, all);
}

// Such a life has not done all that a later one builds on.
bool LeftAStepUndone(const Evidence& life) {
  return std::any_of(life.steps.begin(), life.steps.end(), [](const StepResult& step) {
    return step.status != StepResult::Status::kDone;
  });
}

std::vector<std::string> FaultsThatHit(const Evidence& life) {
  std::vector<std::string> faults;
  for (const Injection& injection : life.injections) {
    if (std::find(faults.begin(), faults.end(), injection.fault) == faults.end()) {
      faults.push_back(injection.fault);
    }
  }
  return faults;
}

}  // namespace

std::vector<Finding> JudgeLives(const Evidence& evidence, const OracleContext& context,
                                const JudgeOne& judge) {
  std::vector<Finding> all;
  std::map<std::string, Told> told;  // by signature
  std::vector<std::string> hit_before;
  bool lost_before = false;
  Scenario strict = context.scenario;
  strict.tolerance = Tolerance::kMustSucceed;
  for (size_t i = 0; i < evidence.lives.size(); ++i) {
    const Evidence& life = evidence.lives[i];
    const bool is_spared =
        life.injections.empty() && !context.hit_elsewhere && !context.scenario.faults.empty();
    const FaultFreeRun* fault_free =
        context.fault_free != nullptr && i < context.fault_free->lives.size()
            ? &context.fault_free->lives[i]
            : nullptr;
    const OracleContext of_life{is_spared ? strict : context.scenario,
                                context.profile,
                                context.catalogue,
                                fault_free,
                                context.is_fault_free,
                                context.hit_elsewhere,
                                context.gave_up_elsewhere,
                                lost_before};
    const std::vector<Finding> findings = judge(life, of_life);
    const bool was_hit = !life.injections.empty();
    const bool broke_down = !findings.empty() && (was_hit || LeftAStepUndone(life));
    lost_before = lost_before || broke_down || ToldOfAnyFailure(life, of_life);
    for (Finding finding : findings) {
      const bool is_of_earlier = finding.object.find(kEarlierPid) != std::string::npos;
      finding.signature = AsInItsLife(finding.signature);
      const auto [known, is_new] = told.try_emplace(finding.signature, Told{all.size(), {i + 1}});
      if (!is_new) {
        // What an earlier life left is still there: not this one's doing.
        if (!is_of_earlier) {
          known->second.lives.push_back(i + 1);
        }
        continue;
      }
      if (finding.caused_by.empty()) {
        finding.caused_by = hit_before;
      }
      all.push_back(std::move(finding));
    }
    const std::vector<std::string> hit = FaultsThatHit(life);
    hit_before.insert(hit_before.end(), hit.begin(), hit.end());
  }
  for (const auto& [signature, one] : told) {
    all[one.index].details.push_back(LivesText(one.lives, evidence.lives.size()));
  }
  JudgeGrowth(evidence.lives, all);
  return all;
}

}  // namespace faultline
