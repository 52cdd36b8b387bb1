#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/recursion.h"
#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/signature.h"

// `sanitizer`: AddressSanitizer, LeakSanitizer, ThreadSanitizer or UndefinedBehaviorSanitizer
// spoke. The target has to be built with it; its report is the finding.
namespace faultline {
namespace {

constexpr char kSanitizerKind[] = "sanitizer";

bool IsLeak(const SanitizerReport& report) { return report.message == "direct leak of memory"; }

// Where the report points at: a function, or the file when no name is known.
std::string Place(const Stack& stack) {
  if (stack.empty()) {
    return "";
  }
  const std::vector<std::string> functions = BlamedFunctions(stack);
  if (!functions.empty()) {
    return " in " + functions.front();
  }
  const Frame& frame = stack.front();
  return frame.file.empty() ? "" : " in " + std::filesystem::path(frame.file).filename().string();
}

// Whom a helper made the memory for: of a dozen leaks of copied texts each belongs to another.
std::string Owner(const SanitizerReport& report, const Stack& stack) {
  const std::vector<std::string> functions = BlamedFunctions(stack);
  return IsLeak(report) && functions.size() > 1 ? ", for " + functions[1] : "";
}

Finding MakeFinding(const SanitizerReport& report, const Evidence& evidence) {
  Finding finding;
  finding.kind = kSanitizerKind;
  finding.stack = BlamedStack(report.stack);
  finding.step = evidence.log[report.line].step;
  const Stack turn = report.message == "stack-overflow" ? TurnOfRecursion(report.stack) : Stack();
  const Stack& to_blame = turn.empty() ? finding.stack : turn;
  finding.title = fmt::format("{}: {}{}{}", report.tool, report.message, Place(to_blame),
                              Owner(report, to_blame));
  // UndefinedBehaviorSanitizer names a line and no function.
  const std::string message = BlamedFunctions(to_blame).empty()
                                  ? finding.title
                                  : fmt::format("{}: {}", report.tool, report.message);
  finding.signature = MakeSignature(kSanitizerKind, message, to_blame);
  finding.details.push_back("it said: " + evidence.log[report.line].text);
  return finding;
}

// Undefined behaviour that the target then dies of, in the same file: both tools speak of it.
bool IsToldByFatalOne(const SanitizerReport& report, const std::vector<SanitizerReport>& reports) {
  constexpr size_t kFrames = 3;
  const auto base_name = [](const Frame& frame) {
    return std::filesystem::path(frame.file).filename();
  };
  return report.tool == "UndefinedBehaviorSanitizer" &&
         std::any_of(reports.begin(), reports.end(), [&](const SanitizerReport& fatal) {
           const Stack& stack = fatal.stack;
           const auto end = stack.begin() + static_cast<ptrdiff_t>(std::min(kFrames, stack.size()));
           return fatal.fatal && fatal.line > report.line &&
                  std::any_of(stack.begin(), end, [&](const Frame& frame) {
                    return base_name(frame) == base_name(report.stack.front());
                  });
         });
}

class SanitizerOracle : public Oracle {
 public:
  std::string_view kind() const override { return kSanitizerKind; }

  std::vector<Finding> Judge(const Evidence& evidence, const OracleContext&) const override {
    std::vector<Finding> findings;
    std::set<std::string> seen;
    const std::vector<SanitizerReport> reports = ReadSanitizerReports(evidence.log);
    for (const SanitizerReport& report : reports) {
      if (IsToldByFatalOne(report, reports)) {
        continue;
      }
      Finding finding = MakeFinding(report, evidence);
      if (seen.insert(finding.signature).second) {
        findings.push_back(std::move(finding));
      }
    }
    return findings;
  }

  // A tool that ends the target makes it die, and leave things behind.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    // To make the names of a report may outlive a limit: who is dying hangs only for that. What
    // hung before the report did so by itself.
    const bool is_hang = other.kind == "hang";
    if (is_hang || other.kind == "crash" || other.kind == "leak") {
      const std::vector<SanitizerReport> reports = ReadSanitizerReports(evidence.log);
      return std::any_of(reports.begin(), reports.end(), [&](const SanitizerReport& report) {
        return report.fatal && (!is_hang || evidence.log[report.line].step <= other.step);
      });
    }
    return Oracle::Explains(own, other, evidence, context);
  }
};

FAULTLINE_ORACLE(SanitizerOracle);

}  // namespace
}  // namespace faultline
