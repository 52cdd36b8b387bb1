#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/output_file.h"
#include "harness/report/run_report.h"

// The run report for programs. Schema, version 1 (members are added without a new number, and never
// change their meaning under the same one):
//   faultline_report   1
//   state              "finished"; "unfinished" while the run goes on or when faultline was killed
//   verdict            "pass", "clean error", "slow", "known findings", "findings"
//   scenario, scenario_file, program, build_id, argv
//   broken_without_faults  true: findings of the fault-free run that had to come first
//   findings           [{kind, title, signature, object, step, known, note, caused_by: [fault ids],
//                        details: [lines], stack: [frame]}]
//   not_seen           [{kind, pattern, note, position}]: known findings that were not observed
//   fixed              [{kind, signature, note, reference}]: of the baseline, likewise
//   exit               {kind: "exited" | "signaled" | "killed by us" | "not ended", code, text}
//   times_ms           {start, stop, total}
//   steps              [{index, title, status, detail, begin_ms, duration_ms, limit_ms}]
//   rpcs               [{step, method, params, outcome, answer, duration_ms}]
//   fault_rpcs         [as rpcs, and fault, delivered, unmet: "" when it ended as expected]
//   injections         [{fault, point, action, site: 16 hex digits, occurrence, step, tid,
//   before_main,
//                        time_ms, stack}]
//   faults_not_reached [fault ids]
//   hooks              {installed, pending: counts, refused: [{symbol, module, reason}]}
//   agent              {ready, message, lost_records}
//   threads            [{tid, name, crashed, stack}], threads_note
//   lost_signal        "SIGTERM was lost, ...": a second one ended the target; "" when none was
//   left_behind        ["file PATH"]
//   log                [{time_ms, step, text}]
//   replay_command, gdb_command, run_dir ("" unless kept)
// A frame is {function, file, line, module, offset}. Bytes of the target that are not UTF-8 become
// U+FFFD.
namespace faultline {

nlohmann::json ToJson(const RunReport& report);

// A report file (--json) that says "unfinished" from its beginning until the run is told: whoever
// finds it after the harness was killed is not misled. A device or FIFO gets the finished one
// alone.
class JsonReportFile {
 public:
  // Writes the unfinished report. Failure when that is not possible; see OutputFile.
  explicit JsonReportFile(const std::filesystem::path& path);
  // Replaces it, atomically, by the finished one.
  void Finish(const RunReport& report);

 private:
  OutputFile file_;
};

}  // namespace faultline
