#include "harness/sweep/controls.h"

#include <map>
#include <string>
#include <utility>

namespace faultline {

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
