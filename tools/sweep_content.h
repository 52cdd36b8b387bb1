#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/report_files.h"
#include "harness/report/sweep_digest.h"
#include "harness/scenario/scenario.h"
#include "harness/store/compare.h"
#include "tools/command.h"
#include "tools/sweep_report.h"

namespace faultline {

// What of a sweep is to be reported besides its store.
struct SweepContentOptions {
  std::string store_file;
  std::string replay_options;      // see PageOptions
  std::string source;              // root of the target's source tree; "" = none
  std::vector<std::string> steps;  // titles
  bool unfinished = false;         // the sweep was ended before its time
  // What a store tells of that: "unfinished: 45 of 117 places visited"; "" = nothing.
  std::string unfinished_text = {};
  std::string remaining_text = {};  // see TellRemaining
  const Comparison* compare = nullptr;
  std::string compare_file;
};

// "unfinished: 45 of 117 places visited" when the last sweep into the store was killed or
// interrupted; of a store that does not say (see SweepDigest::last_sweep), when places were not
// visited. "" when it ended, or nothing was visited at all.
std::string TellUnfinished(const SweepDigest& digest);

// "72 of 234 plans remain" when the last sweep into the store said so, else "".
std::string TellRemaining(const SweepDigest& digest);

// The digest's verdict, of a sweep that is not finished with `unfinished` (see there) first.
std::string VerdictOf(const SweepDigest& digest, const std::string& unfinished);

// The options of the commands that a report shows; see DataWords.
std::string ReplayOptions(const GlobalOptions& global);

// The titles of the steps of a scenario, for a report.
std::vector<std::string> TitlesOf(const Scenario& scenario);

// The page of a store.
std::string SweepPage(const SweepDigest& digest, const SweepContentOptions& options);

// All that can be reported of a sweep that was just made. What it borrows outlives it.
ReportContent ContentOf(const SweepDigest& digest, const SweepReport& report,
                        const SweepResult& result, const SweepContentOptions& options);

// The same of a store alone: its JSON has no members about how the sweep went.
ReportContent ContentOfStore(const SweepDigest& digest, const SweepReport& report,
                             const SweepContentOptions& options);

}  // namespace faultline
