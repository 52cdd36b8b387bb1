#include <fmt/format.h>

#include <algorithm>

#include "harness/oracle/blame.h"
#include "harness/oracle/crash_cause.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/missing_device.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/silent_creator.h"
#include "harness/oracle/unwinding.h"

// `io-device-missing`: spdk_io_device_unregister, or a function that needs a registered device,
// meets one that is not there. SPDK says so in its log; builds with assertions then abort, release
// builds wait for a callback that never comes or exit as if nothing had been. All of that is this
// one bug.
namespace faultline {
namespace {

// An assertion that fails because of a line is written right behind it; a few lines of other
// threads may come between.
constexpr size_t kLinesToAssertion = 5;

std::string_view What(const RegistryViolation& violation) {
  return violation.event == Observer::Event::kDestroy ? "unregistered" : "used";
}

std::string_view Why(const RegistryViolation& violation) {
  switch (violation.history) {
    case RegistryViolation::History::kCreateFailed:
      return "its registration failed";
    case RegistryViolation::History::kDestroyed:
      return "it was unregistered before";
    case RegistryViolation::History::kNeverCreated:
      break;
  }
  return "it was never registered";
}

bool IsAmong(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What makes two violations the same bug: the variable that the device is, where it is one, and
// whether the stop misses it. Its callers would not do: in release builds the unregistration is a
// tail call, and the stack blames the loop that ran the whole chain of them. On the heap there is
// nothing but the stack.
std::string SignatureOf(const RegistryViolation& violation, bool by_stop,
                        const std::string& variable, const Stack& stack) {
  const std::string what =
      fmt::format("{}{} but {}", What(violation), by_stop ? " by the stop" : "", Why(violation));
  return variable.empty()
             ? MakeSignature("io-device-missing", what, stack)
             : MakeSignature("io-device-missing", fmt::format("`{}' is {}", variable, what), {});
}

Finding FromViolation(const RegistryViolation& violation, const Evidence& evidence,
                      const OracleContext& context, Symbolizer& symbolizer) {
  const protocol::JournalRecord& record = evidence.journal.records[violation.record];
  const std::string variable = DeviceVariable(violation, evidence, symbolizer);
  Finding finding;
  finding.object = DeviceName(violation, evidence, context);
  if (finding.object.empty()) {
    finding.object = variable;
  }
  finding.step = static_cast<int>(record.step);
  if (record.stack < evidence.journal.stacks.size()) {
    finding.stack =
        BlamedStack(symbolizer.Symbolize(evidence.journal, evidence.journal.stacks[record.stack]));
  }
  const std::string device =
      finding.object.empty() ? "an io_device" : fmt::format("io_device `{}'", finding.object);
  finding.title = fmt::format("{} is {} but {}", device, What(violation), Why(violation));
  const std::optional<size_t> unwinding = BeginOfUnwinding(evidence, context.catalogue);
  finding.signature =
      SignatureOf(violation, unwinding && *unwinding < violation.record, variable, finding.stack);
  if (violation.history == RegistryViolation::History::kCreateFailed) {
    finding.cause = CauseOfSilence(SilentCreator(evidence, context.catalogue, kDeviceRegistry));
  } else if (const Injection* failure = FirstFailure(evidence)) {
    finding.title += ", after " + FailureText(*failure, FindWhoMet(evidence, context.catalogue));
  }
  finding.details.push_back(
      fmt::format("the call: {} of {:#x}", violation.observer, violation.key));
  return finding;
}

Finding FromLine(const MissingDeviceLine& line, const LogLine& text) {
  Finding finding;
  finding.object = line.name;
  finding.step = text.step;
  finding.title = MessageOfLine(text.text);
  finding.signature = MakeSignature("io-device-missing", text.text, {});
  return finding;
}

// The finding from a violation that `line` speaks of; nullptr when none is meant.
Finding* Matching(const MissingDeviceLine& line, const std::vector<RegistryViolation>& violations,
                  std::vector<Finding>& findings) {
  for (size_t i = 0; i < violations.size(); ++i) {
    const bool same = line.key            ? *line.key == violations[i].key
                      : line.name.empty() ? true
                                          : line.name == findings[i].object;
    if (same) {
      return &findings[i];
    }
  }
  return nullptr;
}

class IoDeviceMissingOracle : public Oracle {
 public:
  std::string_view kind() const override { return "io-device-missing"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    Symbolizer symbolizer;
    const std::vector<RegistryViolation> violations =
        FindMissingDevices(evidence, context.catalogue);
    std::vector<Finding> findings;
    for (const RegistryViolation& violation : violations) {
      findings.push_back(FromViolation(violation, evidence, context, symbolizer));
    }
    std::vector<Finding> from_lines;
    for (const MissingDeviceLine& line : FindMissingDeviceLines(evidence, context.profile)) {
      Finding* finding = Matching(line, violations, findings);
      if (finding == nullptr) {
        finding = &from_lines.emplace_back(FromLine(line, evidence.log[line.line]));
      }
      finding->details.push_back("it said: " + evidence.log[line.line].text);
    }
    findings.insert(findings.end(), from_lines.begin(), from_lines.end());
    return OneForEachBug(std::move(findings));
  }

  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    if (other.kind == "swallowed") {
      return true;  // the failed registration is where it began
    }
    if (other.kind == "hang") {
      return own.step <= other.step || other.step == 0;
    }
    if (other.kind == "crash") {
      return DiedOfMissingDevice(other, evidence, context);
    }
    return Oracle::Explains(own, other, evidence, context);
  }

 private:
  // Several devices may be missed at one place in the code, which is then one bug.
  std::vector<Finding> OneForEachBug(std::vector<Finding> all) const {
    std::vector<Finding> findings;
    for (Finding& finding : all) {
      finding.kind = kind();
      const auto same = std::find_if(findings.begin(), findings.end(), [&](const Finding& other) {
        return other.signature == finding.signature;
      });
      if (same == findings.end()) {
        findings.push_back(std::move(finding));
      } else {
        same->details.push_back("also: " + finding.title);
      }
    }
    return findings;
  }

  // Did the target die in one of the functions that meet a missing device, or of an assertion
  // right after it said that one is missing?
  static bool DiedOfMissingDevice(const Finding& crash, const Evidence& evidence,
                                  const OracleContext& context) {
    const std::vector<std::string> functions = DeviceFunctions(context.catalogue);
    if (std::any_of(crash.stack.begin(), crash.stack.end(),
                    [&](const Frame& frame) { return IsAmong(functions, frame.function); })) {
      return true;
    }
    const CrashCause cause = FindCrashCause(evidence, context.profile, crash.stack);
    if (cause.kind != CrashCause::Class::kAssertion) {
      return false;
    }
    const auto lines = FindMissingDeviceLines(evidence, context.profile);
    return IsAmong(functions, cause.function) ||
           std::any_of(lines.begin(), lines.end(), [&](const MissingDeviceLine& line) {
             return line.line <= *cause.log_line &&
                    *cause.log_line - line.line <= kLinesToAssertion;
           });
  }
};

FAULTLINE_ORACLE(IoDeviceMissingOracle);

}  // namespace
}  // namespace faultline
