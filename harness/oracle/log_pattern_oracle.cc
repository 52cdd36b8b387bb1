#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/signature.h"

// What the profile's `log_patterns` say of a target's log: a line that one of them matches, and
// that no fault-free run writes, is a finding of the kind named there. `io-device-missing` has an
// oracle of its own, which puts such lines together with the registry.
namespace faultline {
namespace {

constexpr std::string_view kOwnOracle = "io-device-missing";

Finding FromLine(const LogPattern& log_pattern, const LogLine& line, const std::string& object) {
  Finding finding;
  finding.kind = log_pattern.kind;
  finding.title = MessageOfLine(line.text);
  finding.signature = MakeSignature(log_pattern.kind, finding.title, {});
  finding.object = object;
  finding.step = line.step;
  finding.details.push_back("it said: " + line.text);
  if (!log_pattern.note.empty()) {
    finding.details.push_back("the profile says of it: " + log_pattern.note);
  }
  return finding;
}

class LogPatternOracle : public Oracle {
 public:
  std::string_view kind() const override { return "log-pattern"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    std::vector<Finding> findings;
    if (context.is_fault_free) {
      return findings;
    }
    for (const LogPattern& log_pattern : context.profile.log_patterns) {
      if (log_pattern.kind != kOwnOracle) {
        JudgeLines(log_pattern, evidence, context, findings);
      }
    }
    return findings;
  }

  // The oracle of the kind knows more than a line does.
  bool Explains(const Finding&, const Finding& other, const Evidence&,
                const OracleContext&) const override {
    return other.kind == kExpectation;
  }

 private:
  // Each bug once, however often the target says so.
  static void JudgeLines(const LogPattern& log_pattern, const Evidence& evidence,
                         const OracleContext& context, std::vector<Finding>& findings) {
    const LinePattern pattern(log_pattern.pattern);
    for (const LogLine& line : evidence.log) {
      const auto match = pattern.Match(line.text);
      if (!match || (context.fault_free != nullptr && context.fault_free->Says(line.text))) {
        continue;
      }
      Finding finding = FromLine(log_pattern, line, match->size() > 1 ? (*match)[1] : "");
      const bool is_new = std::none_of(findings.begin(), findings.end(), [&](const Finding& other) {
        return other.signature == finding.signature ||
               (other.kind == finding.kind && HappensOnce(finding.kind));
      });
      if (is_new) {
        findings.push_back(std::move(finding));
      }
    }
  }
};

FAULTLINE_ORACLE(LogPatternOracle);

}  // namespace
}  // namespace faultline
