#pragma once

#include <string>

#include "harness/scenario/map_reader.h"

namespace faultline {

// The places at which a target or a companion shows that it is ready, as `map`, its `ready`, has
// them: `file`, a path, and `port`, a number from 1 to 65535. Run-time names in them stay. False
// when there is no such key; what is wrong with one is a diagnostic.
bool ReadReadyFile(MapReader& map, std::string& path);
bool ReadReadyPort(MapReader& map, std::string& port);

}  // namespace faultline
