#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// One thing that Faultline or its targets need of the machine.
struct MachineCheck {
  enum class Status { kOk, kWarn, kMissing };
  std::string name;
  Status status = Status::kOk;
  std::string found;   // what there is
  std::string advice;  // how to get what is missing; "" when nothing is
};

// `own_directory` is where faultline lies, `cache_dir` may be "". Looks, and changes nothing: the
// one child it starts is its own.
std::vector<MachineCheck> CheckMachine(const std::filesystem::path& own_directory,
                                       const std::filesystem::path& cache_dir);

// What is known of a program before it is run: whether the agent can be loaded, and its symbols.
std::vector<MachineCheck> CheckProgram(const std::filesystem::path& program);

}  // namespace faultline
