#include "harness/report/json.h"

#include <fmt/format.h>

#include "harness/evidence/injection_lives.h"
#include "harness/oracle/run_course.h"
#include "harness/report/stack_name.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr int kSchemaVersion = 1;

template <typename T, typename Function>
json ArrayOf(const std::vector<T>& values, Function to_json) {
  json array = json::array();
  for (const T& value : values) {
    array.push_back(to_json(value));
  }
  return array;
}

json FromStack(const Stack& stack) {
  return ArrayOf(stack, [](const Frame& frame) {
    return json{{"function", frame.function},
                {"file", frame.file},
                {"line", frame.line},
                {"module", frame.module},
                {"offset", frame.offset}};
  });
}

std::string_view Name(BadAccess::Reason reason) {
  switch (reason) {
    case BadAccess::Reason::kNotMapped:
      return "not mapped";
    case BadAccess::Reason::kNotPermitted:
      return "not permitted";
    case BadAccess::Reason::kNoPage:
      return "no page";
    case BadAccess::Reason::kSent:
      return "sent";
    case BadAccess::Reason::kNotKnown:
      break;
  }
  return "not known";
}

json FromBadAccess(const BadAccess& access) {
  return {{"reason", Name(access.reason)}, {"address", fmt::format("{:#x}", access.address)}};
}

std::string_view Name(ExitStatus::Kind kind) {
  switch (kind) {
    case ExitStatus::Kind::kExited:
      return "exited";
    case ExitStatus::Kind::kSignaled:
      return "signaled";
    case ExitStatus::Kind::kKilledByUs:
      return "killed by us";
    case ExitStatus::Kind::kNotEnded:
      break;
  }
  return "not ended";
}

json FromExit(const ExitStatus& exit) {
  return {{"kind", Name(exit.kind)}, {"code", exit.code}, {"text", exit.ToString()}};
}

json FromFinding(const Finding& finding, const Stack& failed_call) {
  return {{"kind", finding.kind},
          {"title", finding.title},
          {"signature", finding.signature},
          {"object", finding.object},
          {"step", finding.step},
          {"known", finding.known},
          {"note", finding.note},
          {"caused_by", finding.caused_by},
          {"details", finding.details},
          {"stack", FromStack(finding.stack)},
          {"cause", finding.cause},
          {"target", finding.target},
          {"stack_name", StackName(finding.kind, finding.signature, finding.stack, failed_call)}};
}

// One of several targets.
json FromTarget(const Evidence& target) {
  return {{"name", target.target},         {"program", target.program},
          {"build_id", target.build_id},   {"argv", target.argv},
          {"exit", FromExit(target.exit)}, {"left_behind", target.left_behind}};
}

json FromBaseline(const BaselineEntry& entry) {
  return {{"kind", entry.kind},
          {"signature", entry.signature},
          {"note", entry.note},
          {"reference", entry.reference}};
}

json FromKnown(const KnownFinding& known) {
  const SourcePosition& at = known.position;
  const std::string position =
      at.file ? fmt::format("{}:{}:{}", *at.file, at.line, at.column) : std::string();
  return {{"kind", known.kind},
          {"pattern", known.pattern},
          {"note", known.note},
          {"position", position}};
}

std::string_view Name(StepResult::Status status) {
  switch (status) {
    case StepResult::Status::kDone:
      return "done";
    case StepResult::Status::kUnmet:
      return "unmet";
    case StepResult::Status::kTimedOut:
      return "timed out";
    case StepResult::Status::kTargetGone:
      return "target gone";
    case StepResult::Status::kSkipped:
      break;
  }
  return "skipped";
}

std::string_view Name(RpcExchange::Outcome outcome) {
  switch (outcome) {
    case RpcExchange::Outcome::kResult:
      return "result";
    case RpcExchange::Outcome::kError:
      return "error";
    case RpcExchange::Outcome::kNoAnswer:
      return "no answer";
    case RpcExchange::Outcome::kGone:
      break;
  }
  return "gone";
}

// null where nothing was waited for.
json FromWait(const WaitAccount& wait) {
  if (wait.limit_ms == 0) {
    return nullptr;
  }
  return {
      {"for", wait.for_what},      {"limit_ms", wait.limit_ms},     {"most_ms", wait.most_ms},
      {"took_ms", wait.took_ms},   {"for_cpu_ms", wait.for_cpu_ms}, {"got_on", wait.got_on},
      {"progress", wait.progress}, {"retried", wait.retried},       {"retries", wait.retries},
      {"ran_ms", wait.ran_ms},     {"waited_ms", wait.waited_ms},   {"starved", wait.WasStarved()}};
}

json FromStep(const StepResult& step) {
  return {{"index", step.index},
          {"title", step.title},
          {"status", Name(step.status)},
          {"detail", step.detail},
          {"said", step.said},
          {"begin_ms", step.begin_ms},
          {"duration_ms", step.duration_ms},
          {"limit_ms", step.limit_ms},
          {"wait", FromWait(step.wait)}};
}

json FromRpc(const RpcExchange& rpc) {
  return {{"step", rpc.step},
          {"method", rpc.method},
          {"params", rpc.params},
          {"outcome", Name(rpc.outcome)},
          {"answer", rpc.answer},
          {"duration_ms", rpc.duration_ms},
          {"client_dropped", rpc.client_dropped}};
}

json FromFaultRpc(const FaultRpc& rpc) {
  json out = FromRpc(rpc.exchange);
  out["fault"] = rpc.fault;
  out["delivered"] = rpc.delivered;
  out["unmet"] = rpc.unmet;
  return out;
}

json FromInjection(const Injection& injection) {
  return {{"fault", injection.fault},
          {"point", injection.point},
          {"action", injection.action},
          {"site", fmt::format("{:016x}", injection.site)},
          {"occurrence", injection.occurrence},
          {"step", injection.step},
          {"tid", injection.tid},
          {"before_main", injection.before_main},
          {"time_ms", injection.time_ms},
          {"stack", FromStack(injection.stack)}};
}

json FromHooks(const std::vector<HookReport>& hooks) {
  int installed = 0;
  int pending = 0;
  json refused = json::array();
  for (const HookReport& hook : hooks) {
    if (hook.status == HookReport::Status::kRefused) {
      refused.push_back(
          {{"symbol", hook.symbol}, {"module", hook.module}, {"reason", hook.reason}});
    }
    installed += hook.status == HookReport::Status::kInstalled ? 1 : 0;
    pending += hook.status == HookReport::Status::kPending ? 1 : 0;
  }
  return {{"installed", installed}, {"pending", pending}, {"refused", std::move(refused)}};
}

// What the target did and how it ended.
void AddCourse(const Evidence& evidence, json& out) {
  out["exit"] = FromExit(evidence.exit);
  out["targets"] = ArrayOf(evidence.targets, FromTarget);
  out["times_ms"] = {
      {"start", evidence.start_ms}, {"stop", evidence.stop_ms}, {"total", evidence.total_ms}};
  out["stop_wait"] = FromWait(evidence.stop_wait);
  out["steps"] = ArrayOf(evidence.steps, FromStep);
  out["rpcs"] = ArrayOf(evidence.rpcs, FromRpc);
  out["fault_rpcs"] = ArrayOf(evidence.fault_rpcs, FromFaultRpc);
  out["log"] = ArrayOf(evidence.log, [](const LogLine& line) {
    return json{{"time_ms", line.time_ms}, {"step", line.step}, {"text", line.text}};
  });
  out["threads"] = ArrayOf(evidence.threads, [](const ThreadStack& thread) {
    json one{{"tid", thread.tid},
             {"name", thread.name},
             {"crashed", thread.crashed},
             {"stack", FromStack(thread.frames)}};
    if (thread.bad_access) {
      one["bad_access"] = FromBadAccess(*thread.bad_access);
    }
    return one;
  });
  out["threads_note"] = evidence.threads_note;
  out["lost_signal"] = LostSignal(evidence);
  out["left_behind"] = evidence.left_behind;
}

// What was done to it.
void AddFaults(const Evidence& evidence, json& out) {
  out["injections"] = ArrayOf(evidence.injections, FromInjection);
  const std::vector<int> lives = LivesOfInjections(evidence);
  for (size_t i = 0; i < lives.size(); ++i) {
    if (lives[i] != 0) {
      out["injections"][i]["life"] = lives[i];
    }
  }
  out["faults_not_reached"] = evidence.faults_not_reached;
  out["hooks"] = FromHooks(evidence.hooks);
  out["agent"] = {{"ready", evidence.agent_ready},
                  {"message", evidence.agent_message},
                  {"lost_records", evidence.lost_records}};
}

void Write(const OutputFile& file, const json& content) {
  file.Write(content.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace

json ToJson(const RunReport& report) {
  const Evidence& evidence = report.evidence;
  json out = {{"faultline_report", kSchemaVersion},
              {"state", "finished"},
              {"verdict", ToString(VerdictOf(report))},
              {"scenario", evidence.scenario},
              {"scenario_file", evidence.scenario_file},
              {"program", evidence.program},
              {"build_id", evidence.build_id},
              {"argv", evidence.argv},
              {"run_dir", evidence.run_dir.string()},
              {"broken_without_faults", report.broken_without_faults},
              {"findings", ArrayOf(report.findings,
                                   [&](const Finding& finding) {
                                     return FromFinding(finding, FirstFailedCall(evidence));
                                   })},
              {"not_seen", ArrayOf(report.not_seen, FromKnown)},
              {"fixed", ArrayOf(report.fixed, FromBaseline)},
              {"replay_command", report.replay_command},
              {"gdb_command", report.gdb_command},
              {"leaks_not_judged", report.leaks_not_judged}};
  AddCourse(evidence, out);
  AddFaults(evidence, out);
  return out;
}

JsonReportFile::JsonReportFile(const std::filesystem::path& path) : file_("--json", path) {
  if (file_.is_replaceable()) {
    Write(file_, {{"faultline_report", kSchemaVersion}, {"state", "unfinished"}});
  }
}

void JsonReportFile::Finish(const RunReport& report) { Write(file_, ToJson(report)); }

}  // namespace faultline
