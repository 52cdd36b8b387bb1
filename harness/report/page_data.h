#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/sweep_digest.h"
#include "harness/store/compare.h"

// The data of the report page (tools/page/src/data.js reads it). Version 1; tables keep a report of
// 10,000 sites small:
//   meta      {state: "finished" | "unfinished", scenario, program, machine, version, time}
//   passed, verdict, question, figures [[name, value]]
//   strings   [text]
//   frames    [[function, file, line, module]]: indexes into strings, but for the line; a fifth is
//             the offset in the module of a frame without a function
//   points, verdicts, steps [text]; steps[0] is the time before the first step
//   sites     [[hash, point, [frame], step, calls, verdict, thread, plans, [finding]]]
//   findings  [{id, kind, title, signature, status, why, known, note, reference, plans, tries,
//               confirmed, sites: [site], injected, mode_text, step_text, exit, details: [line],
//               to_fix, blamed: frame or -1, contract, stacks: [{name, frames}], log: [[ms | null,
//               text]], injected_before: index into log or -1, scenario, replay, gdb, upstream}]
//   causes    [{title, findings: [finding]}]
//   coverage  [{title, items: [text]}]
//   source    {frame index: {first, lines}}
//   compare   {before, new, changed, fixed, not_visited: [{id, kind, title}], same} or null
//   scenarios [{name, file, result: "passed", "failed", "error" or "skipped", why, duration_ms,
//               command, findings: [finding]}]: of a suite; else empty
namespace faultline {

// One scenario of a suite.
struct PageScenario {
  std::string name;
  std::string file;
  std::string result;  // "passed", "failed", "error", "skipped"
  std::string why;     // of one that did not pass
  int64_t duration_ms = 0;
  std::string command;           // that runs it again
  std::vector<size_t> findings;  // indexes into SweepDigest::findings
};

struct PageOptions {
  std::string store_file;          // for the commands that are shown
  std::string replay_options;      // for them too, each with a blank before it; "" = none
  std::string time;                // when the report was made, for people
  bool unfinished = false;         // the sweep goes on, or was killed
  std::vector<std::string> steps;  // titles of the scenario's steps, from the first; may be empty
  std::filesystem::path source;    // root of the target's source tree; "" = none
  const Comparison* compare = nullptr;
  std::string compare_file;
  // How each finding is seen again where there is no store to replay it from: without and with gdb,
  // "" for what cannot be done. As many as the digest has findings, or none.
  std::vector<std::pair<std::string, std::string>> commands = {};
  // Of a suite, whose verdict is then in words of its own.
  std::vector<PageScenario> scenarios = {};
  std::string verdict = {};
};

nlohmann::json PageData(const SweepDigest& digest, const PageOptions& options);

}  // namespace faultline
