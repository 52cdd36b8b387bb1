#pragma once

#include <string>
#include <vector>

#include "harness/oracle/oracle.h"

// What a fault-free run has at its end and a run that claims success has not.
namespace faultline {

struct MissingObjects {
  const ObjectGroup* group = nullptr;  // of the fault-free run, never nullptr
  int made = 0;                        // by this run; fewer than group->lasting
};

// Objects of registries whose observer is `essential`, in the order in which the fault-free run
// makes them. Only of registries that were observed whole: what was made can be missed only where
// nothing that was made can have escaped us. Needs context.fault_free, which has the groups.
std::vector<MissingObjects> FindMissingObjects(const Evidence& evidence,
                                               const OracleContext& context);

// "file PATH" for each file that the fault-free run of a program that runs to completion leaves
// behind, sorted; such files are what the program is for. Names may be chosen at random: as many
// files as the fault-free run leaves are those files. Needs context.fault_free.
std::vector<std::string> FindMissingFiles(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
