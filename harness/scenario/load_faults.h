#pragma once

#include <string_view>
#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// Which calls a fault hits: FIRST, FIRST.., FIRST..LAST, each with an optional +STEP, all from 1 up
// ("3", "2..", "2..8+2"; as `when=` of strace's --inject, but a bare FIRST+STEP goes on for ever as
// there).
struct CallRange {
  uint64_t first = 1;
  uint64_t last = 1;  // UINT64_MAX: for ever
  uint64_t step = 1;
};
std::optional<CallRange> ParseCallRange(std::string_view text);

// `faults` of a scenario. Ids are filled in and unique. Names of points and steps are not checked
// here; the scenario's loader knows them.
std::vector<Fault> ReadFaults(MapReader& scenario);

}  // namespace faultline
