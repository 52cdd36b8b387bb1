#include "harness/sweep/controls.h"

#include <algorithm>
#include <map>

namespace faultline {

ControlRuns RunControls(RunQueue::Runner& runner, const Scenario* scenario, const std::string& kind,
                        const std::string& signature, int runs, bool alone) {
  ControlRuns controls;
  for (int run = 0; run < runs; ++run) {
    QueueRequest request;
    request.purpose = QueueRequest::Purpose::kConfirm;
    request.scenario = scenario;
    request.timeout = Timeout::kFull;
    request.alone = alone;
    const RunResult result = runner.Run(request);
    if (result.status == RunResult::Status::kNoBudget ||
        result.status == RunResult::Status::kCancelled) {
      break;
    }
    if (result.made()) {
      const std::vector<StoredFinding>& findings = result.run.findings;
      ++controls.made;
      controls.same_signature += result.Shows(signature) ? 1 : 0;
      controls.same_kind +=
          std::any_of(findings.begin(), findings.end(),
                      [&](const StoredFinding& finding) { return finding.kind == kind; })
              ? 1
              : 0;
    }
  }
  return controls;
}

std::vector<StoredFinding> RunFirstControls(RunQueue& queue, int runs) {
  std::map<std::string, StoredFinding> shown;
  queue.RunAll([&, begun = 0]() mutable -> RunQueue::Task {
    if (begun++ == runs) {
      return {};
    }
    return [&](RunQueue::Runner& runner) {
      QueueRequest request;
      request.purpose = QueueRequest::Purpose::kCensus;
      request.timeout = Timeout::kFull;
      for (const StoredFinding& finding : runner.Run(request).run.findings) {
        shown.emplace(finding.signature, finding);
      }
    };
  });
  std::vector<StoredFinding> findings;
  for (auto& [signature, finding] : shown) {
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace faultline
