#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/sweep/sweep.h"
#include "tools/sweep_report.h"

namespace faultline {

// The summary for people, with tables of `table_width` columns and sentences that are broken at
// `width`; see harness/base/terminal.h. `data_words`: see DataWords.
std::string TellSweep(const SweepReport& report, const SweepResult& result,
                      const std::string& store_file, size_t table_width, size_t width,
                      const std::vector<std::string>& data_words = {});

}  // namespace faultline
