#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/report/ci_report.h"
#include "harness/report/page_data.h"
#include "harness/report/report_files.h"
#include "harness/report/run_report.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

// What faultline-suite has seen so far, for each reader of --report. One thread.
class SuiteReport {
 public:
  void AddRun(const RunReport& run);
  // A scenario that was not to be run (kSkipped), or that nobody could judge (kError).
  void AddUnjudged(const std::string& name, const std::string& file, CiCase::Result result,
                   const std::string& why);

  // All that can be reported. It borrows from this object, which is complete by now.
  ReportContent Content();

 private:
  size_t Count(const std::string& result) const;
  std::string Verdict() const;
  std::string Page() const;

  CiReport ci_;
  SweepDigest digest_;
  std::vector<PageScenario> scenarios_;
  std::vector<std::pair<std::string, std::string>> commands_;  // one for each finding
  nlohmann::json json_ = nlohmann::json::array();
};

// What the JSON of a suite says before it is known; see suite.schema.json.
nlohmann::json UnfinishedSuite();

}  // namespace faultline
