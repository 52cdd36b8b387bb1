#include "harness/run/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>

#include "harness/evidence/watched_returns.h"
#include "harness/run/dead_end.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// A persistent fault can hit a hundred thousand calls; the story needs the first ones.
constexpr size_t kMostInjections = protocol::kMostInjectedRecords;
// Descendants that follow the target of their own accord are not left behind.
constexpr int kFinishGraceMs = 200;
constexpr int kWrapperGraceMs = 2'000;  // what started the target ends after it, and cleans up

std::string WhyRefused(protocol::HookStatus status) {
  switch (status) {
    case protocol::HookStatus::kBytesDiffer:
      return "the code in memory is not that of the file";
    case protocol::HookStatus::kNoRoom:
      return "no free address range within 2 GiB";
    case protocol::HookStatus::kNotWritable:
      return "the kernel refused to change the page";
    case protocol::HookStatus::kOutOfReach:
      return "an operand lies beyond 2 GiB of the trampoline";
    case protocol::HookStatus::kPending:
    case protocol::HookStatus::kInstalled:
      break;
  }
  return "";
}

HookReport::Status StatusOf(protocol::HookStatus status) {
  switch (status) {
    case protocol::HookStatus::kInstalled:
      return HookReport::Status::kInstalled;
    case protocol::HookStatus::kPending:
      return HookReport::Status::kPending;
    default:
      return HookReport::Status::kRefused;
  }
}

std::vector<HookReport> ReportHooks(const Plan& plan, const JournalSnapshot& journal) {
  std::vector<HookReport> reports;
  for (size_t i = 0; i < plan.hook_symbols.size() && i < journal.hooks.size(); ++i) {
    HookReport report;
    report.symbol = plan.hook_symbols[i];
    report.module = plan.hook_modules[i];
    report.status = StatusOf(journal.hooks[i].status);
    report.reason = WhyRefused(journal.hooks[i].status);
    report.calls = journal.hooks[i].calls;
    reports.push_back(std::move(report));
  }
  // What is in the program but could not even be planned is refused just as well.
  for (const PointCoverage& coverage : plan.coverage) {
    if (coverage.status != PointCoverage::Status::kFound &&
        coverage.status != PointCoverage::Status::kMissing) {
      reports.push_back(
          {coverage.symbol, coverage.module, HookReport::Status::kRefused, coverage.reason, 0});
    }
  }
  return reports;
}

std::string Describe(const Fault& fault) {
  switch (fault.action) {
    case Fault::Action::kFail:
      return "fail";
    case Fault::Action::kRpc:
      return "rpc " + fault.rpc.method;
    case Fault::Action::kDropConnection:
      return "drop connection";
    case Fault::Action::kDelay:
      return fmt::format("delay {} ms", fault.delay_ms);
    case Fault::Action::kSteps:
      return fmt::format("do {} steps", fault.at_call.size());
    case Fault::Action::kHold:
      return "hold until step " + fault.until_step;
    case Fault::Action::kSignal:
      break;
  }
  const char* name = ::sigabbrev_np(fault.signal);
  return fmt::format("signal {}{}", name == nullptr ? "" : "SIG",
                     name == nullptr ? std::to_string(fault.signal) : name);
}

class InjectionReader {
 public:
  InjectionReader(LiveRun& run, const JournalSnapshot& journal, Symbolizer& symbolizer)
      : run_(run), plan_(run.hooking().plan()), journal_(journal), symbolizer_(symbolizer) {}

  std::vector<Injection> Read() {
    std::vector<Injection> injections;
    for (const JournalRecord& record : journal_.records) {
      if (record.kind == JournalRecord::kInjected && injections.size() < kMostInjections) {
        injections.push_back(ReadOne(record));
      } else if (record.kind == JournalRecord::kHeldFile) {
        NameHeldFile(record, injections);
      }
    }
    return injections;
  }

 private:
  // The record has the end of a long path, and what was left behind is named by variables.
  std::string LeftFile(const std::string& path_end) const {
    const std::vector<std::string>& left = run_.evidence().left_behind;
    const auto found = std::find_if(left.begin(), left.end(), [&](const std::string& name) {
      return run_.sandbox().Specialise(name).ends_with(path_end);
    });
    return found == left.end() || path_end.empty() ? "" : *found;
  }

  void NameHeldFile(const JournalRecord& record, std::vector<Injection>& injections) const {
    const auto of_thread = std::find_if(
        injections.rbegin(), injections.rend(),
        [&](const Injection& injection) { return injection.tid == static_cast<int>(record.tid); });
    if (of_thread != injections.rend()) {
      of_thread->held_file = LeftFile(record.label);
    }
  }

  Injection ReadOne(const JournalRecord& record) {
    Injection injection;
    if (record.rule < plan_.faults.size()) {
      injection.fault = plan_.faults[record.rule];
      for (const Fault& fault : run_.request().faults) {
        if (fault.id == injection.fault) {
          injection.action = Describe(fault);
        }
      }
    } else {
      injection.fault = kSwitchedByHand;
      injection.action = "fail";
    }
    if (record.index < plan_.points.size()) {
      injection.point = plan_.points[record.index];
    }
    if (record.site < journal_.sites.size()) {
      injection.site = journal_.sites[record.site].hash;
    }
    injection.occurrence = record.occurrence;
    injection.step = static_cast<int>(record.step);
    injection.tid = static_cast<int>(record.tid);
    injection.before_main = (record.flags & JournalRecord::kBeforeMain) != 0;
    const auto at = Clock::time_point(std::chrono::nanoseconds(record.time_ns));
    injection.time_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(at - run_.process().start_time())
            .count();
    injection.stack = StackOf(record.stack);
    return injection;
  }

  Stack StackOf(uint32_t index) {
    if (index >= journal_.stacks.size()) {
      return {};
    }
    const auto [known, is_new] = stacks_.try_emplace(index);
    if (is_new) {
      known->second = symbolizer_.Symbolize(journal_, journal_.stacks[index]);
    }
    return known->second;
  }

  LiveRun& run_;
  const Plan& plan_;
  const JournalSnapshot& journal_;
  Symbolizer& symbolizer_;
  std::map<uint32_t, Stack> stacks_;
};

std::vector<ThreadStack> Name(const StackSnapshot& snapshot, Symbolizer& symbolizer) {
  std::vector<ThreadStack> threads;
  for (const RawThreadStack& raw : snapshot.threads) {
    ThreadStack thread;
    thread.tid = raw.tid;
    thread.name = raw.name;
    thread.crashed = raw.crashed;
    thread.bad_access = raw.bad_access;
    std::vector<Stack> named;
    for (const RawFrame& frame : raw.frames) {
      named.push_back(
          symbolizer.Symbolize(frame.module_path, frame.offset, frame.is_return_address));
    }
    if (thread.crashed && snapshot.signal == SIGABRT) {
      MarkDeadEnds(raw.frames, named);
    }
    for (const Stack& frames : named) {
      thread.frames.insert(thread.frames.end(), frames.begin(), frames.end());
    }
    threads.push_back(std::move(thread));
  }
  return threads;
}

void CollectThreads(LiveRun& run, Symbolizer& symbolizer) {
  Evidence& evidence = run.evidence();
  const std::optional<StackSnapshot>& snapshot = run.process().crash_stacks()
                                                     ? run.process().crash_stacks()
                                                 : run.hang() ? run.hang()
                                                              : run.no_hang();
  if (snapshot) {
    evidence.threads = Name(*snapshot, symbolizer);
    evidence.threads_note = snapshot->note;
  } else {
    evidence.threads_note = run.process().trace_note();
    if (evidence.threads_note.empty() && !run.process().traced()) {
      evidence.threads_note = "the target was not traced";
    }
  }
}

void CollectJournal(LiveRun& run, Symbolizer& symbolizer) {
  Evidence& evidence = run.evidence();
  if (!run.hooking().wanted()) {
    evidence.agent_message = "the agent was not needed: nothing was to be hooked";
    return;
  }
  evidence.journal = run.hooking().journal().Read();
  run.hooking().journal().MarkClosed();
  const JournalSnapshot& journal = evidence.journal;
  evidence.agent_ready = journal.agent_state != protocol::AgentState::kAbsent &&
                         journal.agent_state != protocol::AgentState::kInert;
  evidence.agent_message = journal.agent_message;
  evidence.lost_records = journal.lost_records;
  evidence.points = run.hooking().plan().points;
  evidence.observers = run.hooking().plan().observers;
  evidence.hooks = ReportHooks(run.hooking().plan(), journal);
  evidence.injections = InjectionReader(run, journal, symbolizer).Read();
  evidence.returns = ReadReturns(journal, evidence.points, run.request().catalogue);
  const std::vector<std::string>& faults = run.hooking().plan().faults;
  for (size_t i = 0; i < faults.size(); ++i) {
    if (i >= journal.rules.size() || journal.rules[i].hits == 0) {
      evidence.faults_not_reached.push_back(faults[i]);
    }
  }
  for (const JournalModule& module : journal.modules) {
    if (module.is_main) {
      evidence.build_id = module.build_id;
    }
  }
}

void CollectLeftBehind(LiveRun& run, const Leftovers& leftovers) {
  std::vector<std::string>& left = run.evidence().left_behind;
  const bool is_wrapped = run.request().executed_program.in_child;
  for (const std::string& process :
       run.process().Finish(is_wrapped ? kWrapperGraceMs : kFinishGraceMs)) {
    left.push_back(process);
  }
  const std::vector<std::string> files = FilesOf(run, leftovers);
  left.insert(left.end(), files.begin(), files.end());
}

}  // namespace

std::vector<std::string> FilesOf(LiveRun& run, const Leftovers& leftovers) {
  std::vector<std::string> files;
  for (const std::string& file : run.sandbox().HugepageFiles()) {
    files.push_back("hugepage file " + run.sandbox().Generalise(file));
  }
  for (const std::filesystem::path& file : leftovers.Find()) {
    files.push_back("file " + run.sandbox().Generalise(file));
  }
  if (!run.sandbox().shares_directory() && !run.sandbox().others_share_directory()) {
    const std::vector<std::string> in_run_dir = run.sandbox().LeftInRunDir();
    files.insert(files.end(), in_run_dir.begin(), in_run_dir.end());
  }
  return files;
}

void CollectEvidence(LiveRun& run, const Leftovers& leftovers) {
  CollectLeftBehind(run, leftovers);
  run.log().OnReadable();
  Evidence& evidence = run.evidence();
  const RunRequest& request = run.request();
  evidence.program = HookedProgram(request);
  const SpawnOptions options = run.sandbox().TargetOptions();
  evidence.argv = {request.program.string()};
  evidence.argv.insert(evidence.argv.end(), options.args.begin(), options.args.end());
  evidence.scenario = request.scenario.name;
  evidence.scenario_file = request.scenario.file;
  evidence.log = run.log().Lines();
  Symbolizer symbolizer;
  CollectJournal(run, symbolizer);
  CollectThreads(run, symbolizer);
  if (request.keep_run_dir) {
    evidence.run_dir = run.sandbox().run_dir();
  }
}

}  // namespace faultline
