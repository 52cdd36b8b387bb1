#include <cctype>
#include <set>
#include <string>

#include "harness/oracle/oracle.h"

// `leak`, as far as it can be seen from outside: what a target that ended by itself left behind and
// its fault-free run does not leave. A clean DPDK exit leaves files, so only the difference counts.
namespace faultline {
namespace {

// Without numbers: pids and counters in names differ from run to run.
std::string Kind(const std::string& left) {
  std::string kind;
  for (const char c : left) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) {
      kind += c;
    } else if (kind.empty() || kind.back() != '#') {
      kind += '#';
    }
  }
  return kind;
}

class LeftoverOracle : public Oracle {
 public:
  std::string_view kind() const override { return "leak"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    // Who was killed could not tidy up; without a run to compare with, nothing is too much.
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr) {
      return {};
    }
    std::set<std::string> seen;
    for (const std::string& left : context.fault_free->left_behind) {
      seen.insert(Kind(left));
    }
    std::vector<Finding> findings;
    for (const std::string& left : evidence.left_behind) {
      if (!seen.insert(Kind(left)).second) {
        continue;
      }
      Finding& finding = findings.emplace_back();
      finding.kind = kind();
      finding.object = left;
      finding.title = "left behind: " + left;
      finding.signature = "leak: " + Kind(left);
      finding.details.push_back("the fault-free run leaves nothing of the kind");
    }
    return findings;
  }
};

FAULTLINE_ORACLE(LeftoverOracle);

}  // namespace
}  // namespace faultline
