#include "harness/report/page_finding.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "harness/report/contract.h"
#include "harness/report/marked_log.h"
#include "harness/report/stored_stack.h"
#include "harness/report/upstream_text.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

// How the finding is seen again: without gdb, with it.
std::pair<std::string, std::string> Commands(const DigestFinding& one, size_t index,
                                             const PageOptions& options) {
  if (index < options.commands.size()) {
    return options.commands[index];
  }
  const std::string replay = fmt::format("faultline replay {} {}{}", options.store_file,
                                         one.group.id, options.replay_options);
  return {replay, replay + " --gdb"};
}

// In which step the call failed, which may be long before the finding came to light.
size_t StepOfFailure(const DigestFinding& one) {
  const json evidence = json::parse(one.run.evidence, nullptr, /*allow_exceptions=*/false);
  const json injections =
      evidence.is_object() ? evidence.value("injections", json::array()) : json::array();
  const bool known = injections.is_array() && !injections.empty() &&
                     injections.front().is_object() &&
                     injections.front().value("step", json()).is_number_unsigned();
  return known ? injections.front()["step"].get<size_t>() : static_cast<size_t>(one.finding.step);
}

void AddLog(const DigestFinding& one, json& finding) {
  const MarkedLog log = LogOf(json::parse(one.run.evidence, nullptr, /*allow_exceptions=*/false));
  finding["log"] = json::array();
  for (const MarkedLog::Line& line : log.lines) {
    finding["log"].push_back({line.time_ms ? json(*line.time_ms) : json(), line.text});
  }
  finding["injected_before"] =
      log.injected_before ? static_cast<int64_t>(*log.injected_before) : int64_t{-1};
}

// The index of the frame to look at first, the innermost of the finding's own stack; -1 when it has
// none, or one without a name.
int64_t BlamedFrame(const DigestFinding& one, PageTables& tables) {
  const Stack stack = FramesOf(one.finding.stack);
  const json indexes = tables.Stack(one.finding.stack);
  return stack.empty() || stack.front().function.empty() ? -1 : indexes.front().get<int64_t>();
}

}  // namespace

json PageFinding(const SweepDigest& digest, size_t index, const PageOptions& options,
                 PageTables& tables) {
  const DigestFinding& one = digest.findings[index];
  const FindingGroup& group = one.group;
  const auto [replay, gdb] = Commands(one, index, options);
  json stacks = json::array();
  for (const auto& [name, stack] : StacksOf(one, digest)) {
    stacks.push_back({{"name", name}, {"frames", tables.Stack(stack)}});
  }
  const json details = json::parse(one.finding.details, nullptr, /*allow_exceptions=*/false);
  const auto& titles = options.steps;
  const size_t step = StepOfFailure(one);
  json finding = {{"id", group.id},
                  {"kind", group.kind},
                  {"title", group.title},
                  {"signature", group.signature},
                  {"status", one.status},
                  {"why", one.why},
                  {"known", one.known != nullptr},
                  {"note", one.known != nullptr ? one.known->note : ""},
                  {"reference", one.known != nullptr ? one.known->reference : ""},
                  {"plans", group.runs},
                  {"tries", group.tries},
                  {"confirmed", CameAgain(group)},
                  {"sites", one.sites},
                  {"injected", one.injected},
                  {"mode_text", one.mode_text},
                  {"step_text", step >= 1 && step <= titles.size()
                                    ? fmt::format("step {} ({})", step, titles[step - 1])
                                    : fmt::format("step {}", step)},
                  {"exit", one.run.exit},
                  {"details", details.is_array() ? details : json::array()},
                  {"to_fix", group.cause},
                  {"blamed", BlamedFrame(one, tables)},
                  {"contract", ContractOf(group.kind)},
                  {"stacks", std::move(stacks)},
                  {"scenario", group.scenario},
                  {"replay", replay},
                  {"gdb", gdb},
                  {"upstream", UpstreamText(one, digest)}};
  AddLog(one, finding);
  return finding;
}

}  // namespace faultline
