#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/object_leak.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/oracle/unwinding.h"

// `leak`: what a target that ended by itself did not give back, and its fault-free run does. Files,
// sockets, shared memory and processes stay behind it; objects and descriptors the kernel takes
// back, so they count only when the target did unwind. A clean DPDK exit leaves files, so only the
// difference counts. Objects are told by object_leak.cc, descriptors by descriptor_oracle.cc.
namespace faultline {
namespace {

constexpr char kLeftFileKind[] = "leak";

// The run's own name for DPDK's files, as left-over names have it (see scenarios/README.md).
constexpr std::string_view kFilePrefix = "${file_prefix}";

// The kinds of files that the fault-free run leaves. Where a name has the run's file prefix in it
// ("dpdk/${file_prefix}/config"), any other is of the kind: a target that could not note its prefix
// leaves the same files under its default one.
class LeftByFaultFree {
 public:
  explicit LeftByFaultFree(const FaultFreeRun& fault_free) {
    for (const std::string& left : fault_free.left_behind) {
      const std::string kind = WithoutNumbers(left);
      if (kind.find(kFilePrefix) == std::string::npos) {
        kinds_.insert(kind);
      } else {
        patterns_.emplace_back(PatternOf(kind));
      }
    }
  }

  bool Has(const std::string& kind) const {
    return kinds_.contains(kind) ||
           std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const LinePattern& pattern) { return pattern.Matches(kind); });
  }

 private:
  static std::string PatternOf(const std::string& kind) {
    std::string pattern = "^";
    for (size_t at = 0; at < kind.size(); ++at) {
      if (kind.compare(at, kFilePrefix.size(), kFilePrefix) == 0) {
        pattern += "[^/]+";
        at += kFilePrefix.size() - 1;
        continue;
      }
      if (std::ispunct(static_cast<unsigned char>(kind[at])) != 0) {
        pattern += '\\';
      }
      pattern += kind[at];
    }
    return pattern + "$";
  }

  std::set<std::string> kinds_;
  std::vector<LinePattern> patterns_;
};

// Did steps that the fault-free run does stay undone, one of which removes files of that kind
// there?
class NotYetRemoved {
 public:
  NotYetRemoved(const Evidence& evidence, const FaultFreeRun& fault_free) {
    const bool skipped = std::any_of(
        evidence.steps.begin(), evidence.steps.end(),
        [](const StepResult& step) { return step.status == StepResult::Status::kSkipped; });
    for (const std::string& removed : fault_free.removed_by_steps) {
      if (skipped) {
        kinds_.insert(WithoutNumbers(removed));
      }
    }
  }

  bool Has(const std::string& kind) const { return kinds_.contains(kind); }

 private:
  std::set<std::string> kinds_;
};

// Who cannot get a lock because another process has it must leave that one's file alone.
bool IsHeldByAnother(const std::string& left, const Evidence& evidence) {
  return std::any_of(evidence.injections.begin(), evidence.injections.end(),
                     [&](const Injection& injection) { return injection.held_file == left; });
}

std::vector<Finding> FindLeftBehind(const Evidence& evidence, const OracleContext& context) {
  const FaultFreeRun& fault_free = *context.fault_free;
  const LeftByFaultFree known(fault_free);
  const NotYetRemoved not_yet(evidence, fault_free);
  const Injection* failure = FirstFailure(evidence);
  const std::string after =
      failure == nullptr
          ? ""
          : ", after " + FailureText(*failure, FindWhoMet(evidence, context.catalogue));
  std::set<std::string> seen;
  std::vector<Finding> findings;
  for (const std::string& left : evidence.left_behind) {
    const std::string kind = WithoutNumbers(left);
    if (!known.Has(kind) && !not_yet.Has(kind) && !IsHeldByAnother(left, evidence) &&
        seen.insert(kind).second) {
      Finding& finding = findings.emplace_back(
          FindingAtEnd(kLeftFileKind, "left behind: " + left + after, evidence));
      finding.object = left;
      finding.signature = "leak: " + kind;
      finding.details.push_back("the fault-free run leaves nothing of the kind");
    }
  }
  return findings;
}

class LeakOracle : public Oracle {
 public:
  std::string_view kind() const override { return kLeftFileKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    // Who was killed could not tidy up; without a run to compare with, nothing is too much.
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr ||
        WentAnotherWay(evidence, context)) {
      return {};
    }
    std::vector<Finding> findings = FindLeftBehind(evidence, context);
    const std::vector<Finding> objects = FindObjectLeaks(evidence, context);
    findings.insert(findings.end(), objects.begin(), objects.end());
    return findings;
  }

  // LeakSanitizer sees the memory of what was forgotten: it comes from the same functions. Of what
  // the target itself says is left, or says that it waited for in vain (a log line, which has no
  // place), the object that was not given back is the reason.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    const bool is_line = other.kind == kLeftFileKind || other.kind == "hang";
    return (is_line && other.stack.empty() && !own.stack.empty()) ||
           (IsLeakReport(other) && ShareFunction(own.stack, other.stack)) ||
           Oracle::Explains(own, other, evidence, context);
  }

 private:
  static bool ShareFunction(const Stack& one, const Stack& other) {
    constexpr ptrdiff_t kNear = 3;  // frames of the report; further out are functions of all
    constexpr ptrdiff_t kFrames = 5;
    const auto end_of = [](const Stack& stack, ptrdiff_t most) {
      return stack.begin() + std::min(most, static_cast<ptrdiff_t>(stack.size()));
    };
    return std::find_first_of(one.begin(), end_of(one, kFrames), other.begin(),
                              end_of(other, kNear), [](const Frame& a, const Frame& b) {
                                return !a.function.empty() && a.function == b.function;
                              }) != end_of(one, kFrames);
  }
};

FAULTLINE_ORACLE(LeakOracle);

}  // namespace
}  // namespace faultline
