#include "harness/oracle/expected_end.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "harness/oracle/run_course.h"

namespace faultline {
namespace {

bool IsSignaled(const Evidence& evidence) {
  return evidence.exit.kind == ExitStatus::Kind::kSignaled;
}

bool SentByStep(const Evidence& evidence, const OracleContext& context) {
  if (evidence.ended_by_restart != 0 && evidence.ended_by_restart == evidence.exit.code) {
    return true;
  }
  return std::any_of(evidence.steps.begin(), evidence.steps.end(), [&](const StepResult& result) {
    const auto* step = StepActionAs<SignalStep>(context.scenario, result.index);
    return step != nullptr && result.status != StepResult::Status::kSkipped &&
           step->signal == evidence.exit.code;
  });
}

bool SentByFault(const Evidence& evidence, const OracleContext& context) {
  return std::any_of(evidence.injections.begin(), evidence.injections.end(),
                     [&](const Injection& injection) {
                       return std::any_of(context.scenario.faults.begin(),
                                          context.scenario.faults.end(), [&](const Fault& fault) {
                                            return fault.id == injection.fault &&
                                                   fault.action == Fault::Action::kSignal &&
                                                   fault.signal == evidence.exit.code;
                                          });
                     });
}

// kill(1), pkill(1), `kill` within a shell's command: the word stands by itself.
bool SpeaksOfKilling(const CommandStep& command) {
  return std::any_of(command.argv.begin(), command.argv.end(), [](std::string_view text) {
    for (size_t at = text.find("kill"); at != std::string_view::npos;
         at = text.find("kill", at + 1)) {
      const size_t behind = at + 4;
      const auto is_word = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
      };
      const bool begins = at == 0 || !is_word(text[at - 1]) || text[at - 1] == 'p';
      if (begins && (behind == text.size() || !is_word(text[behind]))) {
        return true;
      }
    }
    return false;
  });
}

// A signal does not tell who sent it once its receiver is gone. A command that kills something was
// going on when the target died, or had just ended.
bool SentByCommand(const Evidence& evidence, const OracleContext& context) {
  const auto end =
      std::find_if(evidence.steps.begin(), evidence.steps.end(), [&](const StepResult& result) {
        const auto* command = StepActionAs<CommandStep>(context.scenario, result.index);
        return command != nullptr && result.status != StepResult::Status::kSkipped &&
               SpeaksOfKilling(*command);
      });
  if (end == evidence.steps.end()) {
    return false;
  }
  // Nothing that needs the target went well behind it.
  return std::none_of(end + 1, evidence.steps.end(), [&](const StepResult& result) {
    return result.status == StepResult::Status::kDone &&
           StepActionAs<RpcStep>(context.scenario, result.index) != nullptr;
  });
}

}  // namespace

bool DiedOfSentSignal(const Evidence& evidence, const OracleContext& context) {
  const bool asked = evidence.asked_to_stop && (evidence.exit.code == context.profile.stop_signal ||
                                                IsCleanEnd(evidence.exit, context.profile.clean));
  return IsSignaled(evidence) &&
         (asked || SentByStep(evidence, context) || SentByFault(evidence, context) ||
          SentByCommand(evidence, context));
}

bool EndedAsWritten(const Evidence& evidence, const OracleContext& context) {
  return IsSignaled(evidence) && evidence.exit.code != context.profile.stop_signal &&
         (SentByStep(evidence, context) || SentByCommand(evidence, context));
}

}  // namespace faultline
