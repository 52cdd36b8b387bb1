#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/oracle/oracle.h"
#include "harness/oracle/tracked_objects.h"

namespace faultline {

// Objects of one group that a run made and did not give back, though the fault-free run does.
struct LeakedGroup {
  std::vector<TrackedObject> objects;  // in order of creation
  std::string released_by;             // see ObjectGroup
  std::vector<std::string> release_chain;
  bool released_by_stop = true;
  int ended = 0;                // see ObjectGroup
  std::set<std::string> parts;  // leaked groups that end with these objects

  bool IsNameless() const { return objects.front().name.empty(); }
};

// In order of creation. A group that the fault-free run does not know is left out: nothing says
// that anybody should release it. Empty when the target did not unwind (see HasUnwound).
std::vector<LeakedGroup> FindLeakedObjects(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
