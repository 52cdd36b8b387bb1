#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/forgotten_objects.h"
#include "harness/oracle/made_together.h"
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

// Objects that stay and were made together. The first made that has a name stands for all.
struct Staying {
  TrackedObject object;
  Stack stack;                           // that made it
  std::vector<std::string> others = {};  // texts of the others
};

class StayingOracle : public Oracle {
 public:
  std::string_view kind() const override { return "leak-stays"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (context.fault_free != nullptr || context.is_fault_free || evidence.lost_records > 0 ||
        evidence.exit.kind != ExitStatus::Kind::kExited) {
      return {};
    }
    const std::vector<Staying> all = FindStaying(evidence, context);
    // Asked last: it reads the names of functions, and most runs leave nothing.
    if (all.empty() || !BeginOfUnwinding(evidence, context.catalogue)) {
      return {};
    }
    std::vector<Finding> findings;
    std::map<std::string, size_t> by_signature;
    for (const Staying& staying : all) {
      Finding finding = Tell(staying, evidence, context.catalogue);
      const auto [known, is_new] = by_signature.try_emplace(finding.signature, findings.size());
      if (is_new) {
        findings.push_back(std::move(finding));
      } else if (findings[known->second].details.size() < kMostNamed) {
        findings[known->second].details.push_back("and so: " + TextOf(staying, context.catalogue));
      }
    }
    return findings;
  }

  // What the target itself says is left, in a line of its log that has no place, is this object.
  // What is left at the end is no reason for a wrong answer before it.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    if (other.kind == kExpectation && WasUnmet(other.step, evidence)) {
      return false;
    }
    return (other.kind == kStayingKind && other.stack.empty() && !own.stack.empty()) ||
           Oracle::Explains(own, other, evidence, context);
  }

 private:
  static bool WasUnmet(int step, const Evidence& evidence) {
    return std::any_of(evidence.steps.begin(), evidence.steps.end(), [&](const StepResult& result) {
      return result.index == step && result.status == StepResult::Status::kUnmet;
    });
  }

  static std::vector<Staying> FindStaying(const Evidence& evidence, const OracleContext& context) {
    const std::set<std::string> never = NeverStaying(context);
    Symbolizer symbolizer;
    std::vector<TrackedObject> objects = TrackObjects(evidence, context.catalogue);
    std::sort(objects.begin(), objects.end(),
              [](const TrackedObject& a, const TrackedObject& b) { return a.record < b.record; });
    std::vector<Staying> all;
    for (const TrackedObject& object : objects) {
      if (object.ended_by || !never.contains(object.registry)) {
        continue;
      }
      Staying one{object, BlamedStack(evidence.journal.records[object.record], evidence.journal,
                                      symbolizer)};
      const Stack makers = WithoutMakers(one.stack, context.catalogue);
      const auto with = std::find_if(all.begin(), all.end(), [&](const Staying& other) {
        return MadeTogether(WithoutMakers(other.stack, context.catalogue), makers);
      });
      if (with == all.end()) {
        all.push_back(std::move(one));
        continue;
      }
      if (with->object.name.empty() && !object.name.empty()) {
        std::swap(with->object, one.object);
        std::swap(with->stack, one.stack);
      }
      with->others.push_back(TextOf(one, context.catalogue));
    }
    return all;
  }

  // "poller `tick'", "heap object made by start_ports"
  static std::string TextOf(const Staying& staying, const Catalogue& catalogue) {
    return ObjectText(staying.object, WithoutMakers(staying.stack, catalogue));
  }

  static Finding Tell(const Staying& staying, const Evidence& evidence,
                      const Catalogue& catalogue) {
    const std::string what = TextOf(staying, catalogue);
    Finding finding =
        FindingAtEnd(kStayingKind, what + " is there when the target has ended", evidence);
    finding.object = staying.object.name;
    finding.stack = staying.stack;
    finding.signature =
        MakeSignature(kStayingKind, staying.object.registry + " stays", staying.stack);
    finding.details.push_back(fmt::format("made in step {} by {}",
                                          evidence.journal.records[staying.object.record].step,
                                          PlaceText(staying.stack)));
    for (size_t i = 0; i < staying.others.size() && i < kMostNamed; ++i) {
      finding.details.push_back("with it: " + staying.others[i]);
    }
    return finding;
  }
};

FAULTLINE_ORACLE(StayingOracle);

}  // namespace
}  // namespace faultline
