#include "harness/oracle/run_course.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <set>

#include "harness/oracle/blame.h"

namespace faultline {
namespace {

bool SharesText(const nlohmann::json& one, const std::set<std::string>& texts) {
  if (one.is_string()) {
    return texts.contains(one.get<std::string>());
  }
  return one.is_structured() && std::any_of(one.begin(), one.end(), [&](const auto& part) {
           return SharesText(part, texts);
         });
}

void CollectTexts(const nlohmann::json& value, std::set<std::string>& texts) {
  if (value.is_string()) {
    texts.insert(value.get<std::string>());
  } else if (value.is_structured()) {
    for (const auto& part : value) {
      CollectTexts(part, texts);
    }
  }
}

// Is `rpc`, the `nth` of its method, answered with the same error where nothing fails?
bool IsAnsweredAnyway(const RpcExchange& rpc, size_t nth, const FaultFreeRun* fault_free) {
  const FaultFreeAnswer* model =
      fault_free == nullptr ? nullptr : fault_free->FindAnswer(rpc.method, nth);
  return model != nullptr && model->outcome == rpc.outcome && model->answer == rpc.answer;
}

}  // namespace

int StepOfEnd(const Evidence& evidence) {
  int last = 0;
  for (const StepResult& step : evidence.steps) {
    if (step.status == StepResult::Status::kTargetGone) {
      return step.index;
    }
    if (step.status != StepResult::Status::kSkipped) {
      last = step.index;
    }
  }
  return last;
}

Finding FindingAtEnd(std::string_view kind, const std::string& title, const Evidence& evidence) {
  Finding finding;
  finding.kind = kind;
  finding.title = title;
  finding.step = StepOfEnd(evidence);
  return finding;
}

bool GaveUpCleanly(const Evidence& evidence, const FaultFreeRun* fault_free) {
  if (evidence.exit.kind == ExitStatus::Kind::kExited && evidence.exit.code != 0) {
    return true;
  }
  if (evidence.exit.kind == ExitStatus::Kind::kSignaled && evidence.exit.code == SIGABRT) {
    return true;  // allowed, or else the crash tells why the rest did not come
  }
  std::map<std::string, size_t> seen;
  return std::any_of(evidence.rpcs.begin(), evidence.rpcs.end(), [&](const RpcExchange& rpc) {
    const size_t nth = seen[rpc.method]++;
    return rpc.outcome == RpcExchange::Outcome::kError && !rpc.must_fail &&
           !IsAnsweredAnyway(rpc, nth, fault_free);
  });
}

bool DiedBeforeMain(const Evidence& evidence) {
  return evidence.exit.kind == ExitStatus::Kind::kSignaled &&
         evidence.journal.agent_state == protocol::AgentState::kReady;
}

std::vector<const WaitAccount*> Waits(const Evidence& evidence) {
  std::vector<const WaitAccount*> waits;
  for (const StepResult& step : evidence.steps) {
    if (step.wait.limit_ms > 0) {
      waits.push_back(&step.wait);
    }
  }
  if (evidence.stop_wait.limit_ms > 0) {
    waits.push_back(&evidence.stop_wait);
  }
  return waits;
}

bool TimedOut(const Evidence& evidence) {
  return evidence.exit.kind == ExitStatus::Kind::kKilledByUs ||
         std::any_of(
             evidence.steps.begin(), evidence.steps.end(),
             [](const StepResult& step) { return step.status == StepResult::Status::kTimedOut; }) ||
         std::any_of(evidence.targets.begin(), evidence.targets.end(), TimedOut) ||
         std::any_of(evidence.lives.begin(), evidence.lives.end(), TimedOut);
}

bool TimedOutStarved(const Evidence& evidence) {
  const std::vector<const WaitAccount*> waits = Waits(evidence);
  const auto starved = [](const WaitAccount* wait) { return wait->WasStarved(); };
  return (TimedOut(evidence) && std::any_of(waits.begin(), waits.end(), starved)) ||
         std::any_of(evidence.targets.begin(), evidence.targets.end(), TimedOutStarved) ||
         std::any_of(evidence.lives.begin(), evidence.lives.end(), TimedOutStarved);
}

const WaitAccount* SlowWait(const Evidence& evidence) {
  for (const StepResult& step : evidence.steps) {
    if (step.wait.got_on && step.status != StepResult::Status::kTimedOut) {
      return &step.wait;
    }
  }
  const bool ended = evidence.exit.kind != ExitStatus::Kind::kKilledByUs;
  return evidence.stop_wait.got_on && ended ? &evidence.stop_wait : nullptr;
}

std::string LostSignal(const Evidence& evidence) {
  for (const std::vector<Evidence>* parts : {&evidence.targets, &evidence.lives}) {
    for (const Evidence& part : *parts) {
      if (std::string lost = LostSignal(part); !lost.empty()) {
        return part.target.empty() ? lost : part.target + ": " + lost;
      }
    }
  }
  if (!evidence.second_signal || !evidence.second_signal->first_was_lost) {
    return "";
  }
  const char* name = sigabbrev_np(evidence.second_signal->signal);
  const std::string signal =
      name == nullptr ? std::to_string(evidence.second_signal->signal) : std::string("SIG") + name;
  // In order of thread ids, so the main one first.
  const auto first = std::find_if(evidence.threads.begin(), evidence.threads.end(),
                                  [](const ThreadStack& thread) { return !thread.frames.empty(); });
  const Stack stack = first == evidence.threads.end() ? Stack() : BlamedStack(first->frames);
  return fmt::format(
      "{} was lost, a second one ended the target: it slept{}, after it had looked "
      "whether it should end",
      signal, stack.empty() ? "" : " in " + stack.front().ToString());
}

bool WasWellUnasked(const StepResult& step, const Evidence& evidence) {
  return step.status == StepResult::Status::kTimedOut && step.unasked &&
         (step.still_serves || evidence.exit.kind == ExitStatus::Kind::kExited);
}

bool DependsOnDropped(const StepResult& result, const Evidence& evidence,
                      const Scenario& scenario) {
  const auto* rpc = StepActionAs<RpcStep>(scenario, result.index);
  return rpc != nullptr &&
         std::any_of(evidence.rpcs.begin(), evidence.rpcs.end(), [&](const RpcExchange& dropped) {
           if (!dropped.client_dropped || dropped.step >= result.index) {
             return false;
           }
           std::set<std::string> names;
           CollectTexts(dropped.params, names);
           return names.empty() || SharesText(rpc->params, names) ||
                  std::any_of(rpc->expect.begin(), rpc->expect.end(), [&](const auto& expected) {
                    return expected.value && SharesText(*expected.value, names);
                  });
         });
}

std::string StepText(const StepResult& step) {
  return fmt::format("step {} ({})", step.index, step.title);
}

}  // namespace faultline
