#include "harness/oracle/looked_at.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "harness/evidence/registry.h"
#include "harness/oracle/unwinding.h"
#include "harness/protocol/return_trace.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kNothing[] = "nothing";

const char* TextOf(StepResult::Status status) {
  switch (status) {
    case StepResult::Status::kDone:
      return "done";
    case StepResult::Status::kUnmet:
      return "not as expected";
    case StepResult::Status::kTimedOut:
      return "timed out";
    case StepResult::Status::kTargetGone:
      return "the target was gone";
    case StepResult::Status::kSkipped:
      break;
  }
  return "skipped";
}

const char* TextOf(RpcExchange::Outcome outcome) {
  switch (outcome) {
    case RpcExchange::Outcome::kResult:
      return "a result";
    case RpcExchange::Outcome::kError:
      return "an error";
    case RpcExchange::Outcome::kNoAnswer:
      return "no answer";
    case RpcExchange::Outcome::kGone:
      break;
  }
  return "the target was gone";
}

void Add(LookedAt& all, const std::string& what, const std::string& text) {
  std::string& known = all[what];
  known += (known.empty() ? "" : ", ") + text;
}

void AddAnswers(LookedAt& all, const Evidence& evidence) {
  for (const RpcExchange& rpc : evidence.rpcs) {
    const std::string where = fmt::format("of step {} ({})", rpc.step, rpc.method);
    Add(all, "answers " + where,
        fmt::format("{}{}", TextOf(rpc.outcome),
                    rpc.client_dropped ? " to a client that was dropped" : ""));
    if (rpc.changes) {
      Add(all, "effects " + where, fmt::format("{} changes", *rpc.changes));
    }
  }
  for (const RollbackCheck& check : evidence.rollback_checks) {
    Add(all, fmt::format("rollback checks of step {} ({})", check.step, check.method),
        fmt::format("{} changes, {}", check.changes.size(),
                    check.again ? fmt::format("sent again: {}", TextOf(check.again->outcome))
                                : "not sent again"));
  }
  for (const FaultRpc& rpc : evidence.fault_rpcs) {
    Add(all, fmt::format("answers to the requests of fault `{}'", rpc.fault),
        TextOf(rpc.exchange.outcome));
  }
}

// The registries that oracles judge.
void AddObjects(LookedAt& all, const Evidence& evidence, const Catalogue& catalogue) {
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    if (!replay.objects.empty() || !replay.complete) {
      // Where ends are not seen what was made under the key of another is not counted.
      all["objects of the registry " + replay.registry] =
          !replay.complete   ? "not judged: " + replay.why_not
          : replay.ends_seen ? fmt::format("{} made", replay.objects.size())
                             : "made";
    }
  }
}

// Counts of what the agent has journaled: injected failures, threads, ...
void AddRecords(LookedAt& all, const Evidence& evidence) {
  std::map<std::string, int64_t> counts;
  for (const JournalRecord& record : evidence.journal.records) {
    switch (record.kind) {
      case JournalRecord::kObserved:
        if (record.index < evidence.observers.size()) {
          // How often is a matter of time: a socket is polled. What they made counts, see below.
          all["calls of " + evidence.observers[record.index]] = "observed";
        }
        break;
      case JournalRecord::kInjected:
        ++counts["calls that were made to fail"];
        break;
      case JournalRecord::kHeldFile:
        ++counts["files held by failed calls"];
        break;
      case JournalRecord::kThread:
        ++counts["threads"];
        break;
      case JournalRecord::kOpenFile:
        ++counts["descriptors open at the exit"];
        break;
      case protocol::kTraced:
        ++counts["failed calls whose callers were followed"];
        break;
      case protocol::kCameBack:
        ++counts["callers of failed calls that returned"];
        break;
      default:
        break;
    }
  }
  for (const auto& [what, count] : counts) {
    all[what] = std::to_string(count);
  }
  if (evidence.lost_records > 0) {
    all["records that the journal had no room for"] = "some";
  }
}

void AddJudged(LookedAt& all, const Evidence& evidence, const OracleContext& context) {
  const bool was_ended = evidence.exit.kind != ExitStatus::Kind::kExited;
  const std::string why_not = WhyLeaksAreNotJudged(evidence, context);
  all["leaks of objects and descriptors"] = was_ended         ? "not judged: it did not exit"
                                            : why_not.empty() ? "judged"
                                                              : "not judged: " + why_not;
  all["agent"] = evidence.agent_ready ? "ready" : "not ready";
  if (!evidence.threads.empty()) {
    all["stacks of its threads"] = "taken";
  }
  if (!evidence.log.empty()) {
    all["lines of the log"] = std::to_string(evidence.log.size());
  }
  if (!evidence.left_behind.empty()) {
    std::set<std::string> left(evidence.left_behind.begin(), evidence.left_behind.end());
    all["left behind"] = fmt::format("{}", fmt::join(left, ", "));
  }
}

std::string TextIn(const LookedAt& all, const std::string& what) {
  const auto found = all.find(what);
  return found == all.end() ? kNothing : found->second;
}

}  // namespace

LookedAt WhatWasLookedAt(const Evidence& evidence, const OracleContext& context) {
  LookedAt all;
  for (const StepResult& step : evidence.steps) {
    all[fmt::format("step {} ({})", step.index, step.title)] = TextOf(step.status);
  }
  for (const FlatCount& flat : evidence.flat_counts) {
    Add(all, fmt::format("counts of step {} ({})", flat.step, flat.name),
        fmt::format("{} kinds of open files", flat.open_files.size()));
  }
  AddAnswers(all, evidence);
  AddRecords(all, evidence);
  AddObjects(all, evidence, context.catalogue);
  AddJudged(all, evidence, context);
  return all;
}

std::vector<LookedAtDifference> DifferencesOf(const LookedAt& reference, const LookedAt& other,
                                              const LookedAt* again) {
  std::set<std::string> aspects;
  for (const LookedAt* all : {&reference, &other}) {
    std::transform(all->begin(), all->end(), std::inserter(aspects, aspects.end()),
                   [](const auto& one) { return one.first; });
  }
  std::vector<LookedAtDifference> differences;
  for (const std::string& what : aspects) {
    const std::string due = TextIn(reference, what);
    const std::string is = TextIn(other, what);
    const std::string second = again == nullptr ? due : TextIn(*again, what);
    const bool varies = second != due && due != kNothing && second != kNothing && is != kNothing;
    if (is != due && is != second && !varies) {
      differences.push_back({what, due, is});
    }
  }
  return differences;
}

}  // namespace faultline
