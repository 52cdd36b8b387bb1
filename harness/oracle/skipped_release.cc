#include "harness/oracle/skipped_release.h"

#include <algorithm>

#include "harness/oracle/forgetter.h"
#include "harness/oracle/unwinding.h"

namespace faultline {

using protocol::JournalRecord;

const std::set<std::string>& SkippedRelease::FunctionsOfStop() {
  if (!functions_of_stop_.empty()) {
    return functions_of_stop_;
  }
  const std::vector<JournalRecord>& records = evidence_.journal.records;
  std::set<uint32_t> stacks;
  for (size_t i = BeginOfUnwinding(evidence_, catalogue_).value_or(0); i < records.size(); ++i) {
    if (records[i].kind == JournalRecord::kObserved &&
        records[i].stack < evidence_.journal.stacks.size()) {
      stacks.insert(records[i].stack);
    }
  }
  for (const uint32_t stack : stacks) {
    for (const Frame& frame :
         symbolizer_.Symbolize(evidence_.journal, evidence_.journal.stacks[stack])) {
      functions_of_stop_.insert(NameInFile(frame));
    }
  }
  return functions_of_stop_;
}

std::string SkippedRelease::Find(const std::vector<std::string>& chain) {
  const std::set<std::string>& seen = FunctionsOfStop();
  const auto skipped = std::find_if(chain.rbegin(), chain.rend(),
                                    [&](const std::string& one) { return !seen.contains(one); });
  return skipped == chain.rend() ? "" : *skipped;
}

}  // namespace faultline
