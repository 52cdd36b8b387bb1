#pragma once

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

// What a target meets where it is started: `limits_of_process`, `closed_descriptors`,
// `environment_from` and the keys of `resources` for its directories.
namespace faultline {

void ReadSurroundings(MapReader& map, Surroundings& out);

// `run_dir`, `dev_shm` and `directories` of `resources`.
void ReadDirectories(MapReader& resources, Surroundings& out);

}  // namespace faultline
