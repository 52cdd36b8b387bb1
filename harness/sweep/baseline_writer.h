#pragma once

#include <string>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/records.h"

namespace faultline {

// `findings` as a baseline file: those that fail a command, and flaky ones, which may do so next
// time. Notes and references of `known` ones are kept, and known ones that only come sometimes even
// when they are not among them. `selection` is what the sweep looked at; `assumed_too` as in
// FailsCommand. `schema`: where an editor finds the schema, from the file on; "" = it is not told.
std::string WriteBaseline(const std::vector<FindingGroup>& findings, const Baseline& known,
                          const std::string& scenario, const std::string& selection,
                          bool assumed_too = false, const std::string& schema = {});

}  // namespace faultline
