#include "harness/oracle/unwinding.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "harness/evidence/registry.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// glibc's functions that run atexit() handlers and destructors; the latter come by way of the
// loader.
bool RunsAtExit(uint64_t packed, const JournalSnapshot& journal, Symbolizer& symbolizer) {
  constexpr std::array<std::string_view, 4> kFunctions = {"exit", "__run_exit_handlers", "_dl_fini",
                                                          "__do_global_dtors_aux"};
  const uint32_t module = protocol::FrameModule(packed);
  if (module >= journal.modules.size()) {
    return false;
  }
  const std::string& path = journal.modules[module].path;
  return std::string_view(path).substr(path.rfind('/') + 1).starts_with("ld-linux") ||
         std::ranges::find(kFunctions,
                           symbolizer.FunctionOf(path, protocol::FrameOffset(packed))) !=
             kFunctions.end();
}

bool IsCalledAtExit(const JournalRecord& record, const JournalSnapshot& journal) {
  if (record.stack >= journal.stacks.size()) {
    return false;
  }
  Symbolizer symbolizer;
  return std::ranges::any_of(journal.stacks[record.stack].frames, [&](uint64_t packed) {
    return RunsAtExit(packed, journal, symbolizer);
  });
}

bool ExitedAsAfterACleanStop(const Evidence& evidence, const Profile& profile) {
  // One that a signal ended gave nothing back, however clean that is for its kind.
  return evidence.asked_to_stop && evidence.exit.kind == ExitStatus::Kind::kExited &&
         IsCleanEnd(evidence.exit, profile.clean);
}

}  // namespace

std::optional<size_t> BeginOfUnwinding(const Evidence& evidence, const Catalogue& catalogue) {
  std::set<std::string_view> names;
  for (const Observer& observer : catalogue.observers) {
    if (observer.event == Observer::Event::kUnwind) {
      names.insert(observer.name);
    }
  }
  const std::vector<JournalRecord>& records = evidence.journal.records;
  const auto first = std::find_if(records.begin(), records.end(), [&](const auto& record) {
    return record.kind == JournalRecord::kObserved && record.index < evidence.observers.size() &&
           names.contains(evidence.observers[record.index]) &&
           (record.flags & (JournalRecord::kFromIgnoredCaller | JournalRecord::kInChild)) == 0 &&
           !IsCalledAtExit(record, evidence.journal);
  });
  return first == records.end() ? std::nullopt
                                : std::optional(static_cast<size_t>(first - records.begin()));
}

bool HasUnwound(const Evidence& evidence, const OracleContext& context) {
  if (BeginOfUnwinding(evidence, context.catalogue)) {
    return true;
  }
  const bool otherwise_it_does = context.fault_free != nullptr && context.fault_free->unwinds;
  return !otherwise_it_does && ExitedAsAfterACleanStop(evidence, context.profile);
}

bool WentAnotherWay(const Evidence& evidence, const OracleContext& context) {
  using Status = StepResult::Status;
  return context.gave_up_elsewhere && evidence.injections.empty() &&
         std::ranges::any_of(evidence.steps, [](const StepResult& step) {
           return step.status == Status::kUnmet || step.status == Status::kTimedOut ||
                  step.status == Status::kTargetGone;
         });
}

std::string WhyLeaksAreNotJudged(const Evidence& evidence, const OracleContext& context) {
  if (evidence.exit.kind != ExitStatus::Kind::kExited) {
    return "";
  }
  if (context.fault_free == nullptr) {
    return "there is no fault-free run to compare with";
  }
  if (WentAnotherWay(evidence, context)) {
    return "another target gave up, and so this one went another way than in the fault-free run";
  }
  if (!HasUnwound(evidence, context)) {
    return "the target exited without unwinding: what it held, the kernel took back";
  }
  const std::vector<RegistryReplay> replays = ReplayRegistries(evidence, context.catalogue);
  const bool any_seen = std::any_of(replays.begin(), replays.end(),
                                    [](const RegistryReplay& replay) { return replay.ends_seen; });
  if (any_seen || !evidence.agent_ready) {
    return any_seen ? "" : "nothing was observed in the target";
  }
  return evidence.lost_records > 0 ? "the journal was too small to hold all that was observed"
                                   : "none of its functions that make and end objects is observed";
}

}  // namespace faultline
