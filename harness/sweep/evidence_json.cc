#include "harness/sweep/evidence_json.h"

#include <algorithm>
#include <map>

#include "harness/base/shell_words.h"
#include "harness/evidence/injection_lives.h"
#include "harness/oracle/run_course.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// A thousand runs without findings shall take no more than a few hundred KiB.
constexpr size_t kLogLines = 5;
constexpr size_t kLogLinesInFull = 60;
constexpr size_t kFirstLogLines = 5;  // among them the target's version, where it says one
constexpr size_t kMostLineBytes = 400;
constexpr size_t kMostSteps = 100;
constexpr size_t kMostInjections = 4;

nlohmann::json LogToJson(const Evidence& evidence, size_t most) {
  nlohmann::json log = nlohmann::json::array();
  const size_t count = evidence.log.size();
  for (size_t i = count - std::min(count, most); i < count; ++i) {
    log.push_back(evidence.log[i].text.substr(0, kMostLineBytes));
  }
  return log;
}

// Where the lines at the end leave them out.
nlohmann::json FirstLines(const Evidence& evidence) {
  nlohmann::json log = nlohmann::json::array();
  const size_t left_out = evidence.log.size() - std::min(evidence.log.size(), kLogLinesInFull);
  for (size_t i = 0; i < std::min(left_out, kFirstLogLines); ++i) {
    log.push_back(evidence.log[i].text.substr(0, kMostLineBytes));
  }
  return log;
}

// What the scenario did, up to the end of the target.
nlohmann::json StepTitles(const Evidence& evidence) {
  nlohmann::json titles = nlohmann::json::array();
  for (const StepResult& step : evidence.steps) {
    if (step.status != StepResult::Status::kSkipped && titles.size() < kMostSteps) {
      titles.push_back(step.title);
    }
  }
  return titles;
}

// When each of those lines came, in ms since the start of the target.
nlohmann::json LogTimesToJson(const Evidence& evidence, size_t most) {
  nlohmann::json times = nlohmann::json::array();
  const size_t count = evidence.log.size();
  for (size_t i = count - std::min(count, most); i < count; ++i) {
    times.push_back(evidence.log[i].time_ms);
  }
  return times;
}

nlohmann::json StepsToJson(const Evidence& evidence) {
  nlohmann::json steps = nlohmann::json::array();
  for (const StepResult& step : evidence.steps) {
    if (step.status != StepResult::Status::kDone && step.status != StepResult::Status::kSkipped) {
      steps.push_back({{"index", step.index}, {"title", step.title}, {"detail", step.detail}});
    }
  }
  return steps;
}

nlohmann::json RpcsToJson(const Evidence& evidence) {
  nlohmann::json rpcs = nlohmann::json::array();
  for (const RpcExchange& rpc : evidence.rpcs) {
    if (rpc.outcome != RpcExchange::Outcome::kResult) {
      rpcs.push_back({{"method", rpc.method},
                      {"outcome", static_cast<int>(rpc.outcome)},
                      {"answer", rpc.answer}});
    }
  }
  return rpcs;
}

// How often something was injected into each life of the target; empty where it had one alone.
nlohmann::json HitsByLife(const std::vector<int>& lives) {
  std::map<int, int> hits;
  for (const int life : lives) {
    hits[life] += life == 0 ? 0 : 1;
  }
  hits.erase(0);
  nlohmann::json by_life = nlohmann::json::array();
  for (const auto& [life, times] : hits) {
    by_life.push_back({{"life", life}, {"hits", times}});
  }
  return by_life;
}

nlohmann::json InjectionsToJson(const Evidence& evidence) {
  nlohmann::json injections = nlohmann::json::array();
  for (const Injection& injection : evidence.injections) {
    if (injections.size() < kMostInjections) {
      injections.push_back({{"point", injection.point},
                            {"action", injection.action},
                            {"site", SiteHashText(injection.site)},
                            {"occurrence", injection.occurrence},
                            {"step", injection.step},
                            {"time_ms", injection.time_ms}});
    }
  }
  return injections;
}

nlohmann::json ThreadsToJson(const Evidence& evidence) {
  nlohmann::json threads = nlohmann::json::array();
  for (const ThreadStack& thread : evidence.threads) {
    threads.push_back({{"name", thread.name},
                       {"crashed", thread.crashed},
                       {"stack", StackToJson(thread.frames)}});
  }
  return threads;
}

}  // namespace

nlohmann::json EvidenceToJson(const Evidence& evidence, bool in_full) {
  nlohmann::json json = {{"exit", evidence.exit.ToString()},
                         {"start_ms", evidence.start_ms},
                         {"stop_ms", evidence.stop_ms},
                         {"hits", evidence.injections.size()},
                         {"injections", InjectionsToJson(evidence)},
                         {"log", LogToJson(evidence, in_full ? kLogLinesInFull : kLogLines)}};
  if (nlohmann::json lives = HitsByLife(LivesOfInjections(evidence)); !lives.empty()) {
    json["hits_by_life"] = std::move(lives);
  }
  if (nlohmann::json rpcs = RpcsToJson(evidence); !rpcs.empty()) {
    json["rpcs"] = std::move(rpcs);
  }
  if (nlohmann::json steps = StepsToJson(evidence); !steps.empty()) {
    json["steps"] = std::move(steps);
  }
  if (const WaitAccount* slow = SlowWait(evidence); slow != nullptr) {
    json["slow"] = slow->ToString();
  }
  if (const std::string lost = LostSignal(evidence); !lost.empty()) {
    json["lost_signal"] = lost;
  }
  if (in_full) {
    json["command"] = JoinForShell(evidence.argv);
    json["step_titles"] = StepTitles(evidence);
    json["log_start"] = FirstLines(evidence);
    json["log_ms"] = LogTimesToJson(evidence, kLogLinesInFull);
    json["threads"] = ThreadsToJson(evidence);
    json["left_behind"] = evidence.left_behind;
  }
  return json;
}

}  // namespace faultline
