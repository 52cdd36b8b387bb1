#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/model.h"

namespace faultline {

// The names that the author of a scenario gave to things of the target: texts of RPC parameters
// whose key stands for a name. At least three characters long: shorter ones are parts of any text.
std::vector<std::string> UserNames(const Scenario& scenario);

// `signature` with "<name>" in the place of each of `names`, where it stands as a word of its own
// in what comes before the functions (" @ "): the same bug has the same signature whatever somebody
// called his bdev.
std::string WithoutUserNames(std::string_view signature, const std::vector<std::string>& names);

// `title` with "<pid>" in the place of the process id `pid`, where a name ends with it
// ("bdev_io_11631"): it is another in every run.
std::string WithoutPid(std::string_view title, uint32_t pid);

// A text for people, in which names that only a run knows stand for what differs from run to run:
// paths below ${run_dir} are relative, "${file_prefix}" is "<file prefix>", "${b.earlier_pid_2}" is
// "<pid of b in life 2>".
std::string WithoutVariables(const std::string& text);

}  // namespace faultline
