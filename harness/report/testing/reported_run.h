#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "harness/oracle/run_course.h"
#include "harness/report/run_report.h"

namespace faultline::testkit {

// The founding case as it is reported: an injected fault, an error answer, an abort at the stop.
class ReportedRun {
 public:
  ReportedRun() {
    evidence.scenario = "founding-case";
    evidence.program = "/opt/bin/spdk_tgt";
    evidence.total_ms = 1234;
    evidence.asked_to_stop = true;
    evidence.stop_ms = 20;
    evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
    evidence.steps = {{.index = 1,
                       .title = "rpc framework_start_init",
                       .status = StepResult::Status::kDone,
                       .detail = "",
                       .begin_ms = 300,
                       .duration_ms = 40,
                       .limit_ms = 2000,
                       .wait = {}}};
    evidence.rpcs = {{.step = 1,
                      .method = "framework_start_init",
                      .params = nullptr,
                      .outcome = RpcExchange::Outcome::kError,
                      .answer = {{"code", -32603}},
                      .duration_ms = 40}};
    evidence.log = {{.time_ms = 10, .step = 0, .text = "starting"},
                    {.time_ms = 320, .step = 1, .text = "cannot create ring \x1b[2J"},
                    {.time_ms = 400, .step = 1, .text = "io_device 0x9f5fe0 not found"}};
    const Stack stack = {
        {"spdk_iobuf_initialize", "/src/spdk/lib/thread/iobuf.c", 97, "spdk_tgt", 1},
        {"main", "/src/spdk/app/main.c", 9, "spdk_tgt", 2}};
    evidence.injections = {{.fault = "ring-create-3",
                            .point = "dpdk/ring/create",
                            .action = "fail",
                            .site = 0xabc,
                            .occurrence = 1,
                            .step = 1,
                            .tid = 7,
                            .before_main = false,
                            .time_ms = 315,
                            .stack = stack}};
    Finding& finding = findings.emplace_back();
    finding.kind = "io-device-missing";
    finding.title = "io_device `iobuf' is unregistered but it was never registered";
    finding.signature = "io-device-missing: destroy @ spdk_iobuf_finish";
    finding.object = "iobuf";
    finding.details = {"it said: io_device 0x9f5fe0 not found"};
    finding.stack = stack;
    finding.caused_by = {"ring-create-3"};
    finding.step = 1;
  }

  RunReport report() const {
    return {.evidence = evidence,
            .findings = findings,
            .not_seen = not_seen,
            .broken_without_faults = false,
            .replay_command = "faultline run founding-case.yaml",
            .gdb_command = "gdb -ex 'break faultline_injected_call' --args spdk_tgt",
            .gave_up = GaveUpCleanly(evidence, nullptr)};
  }
  void MakeClean() {
    findings.clear();
    evidence.exit = {ExitStatus::Kind::kExited, 0};
    evidence.rpcs[0].outcome = RpcExchange::Outcome::kResult;
    evidence.injections.clear();
  }

  Evidence evidence;
  std::vector<Finding> findings;
  std::vector<KnownFinding> not_seen;
};

}  // namespace faultline::testkit
