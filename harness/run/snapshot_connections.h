#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "harness/base/unique_fd.h"
#include "harness/run/snapshot_course.h"
#include "harness/run/snapshot_open_files.h"
#include "harness/target/json_rpc_client.h"

namespace faultline {

// The connections that a forked target has to the harness, in place of those of its carrier, with
// what was on its way in them.
class SnapshotConnections {
 public:
  // The target's ends, which the harness holds until the target has them, by the descriptor that
  // each is to replace. One whose client has gone is closed at the other end.
  const std::map<int, UniqueFd>& ends() const { return ends_; }

  // Makes them for the carrier that has the `files`. It is halted and its course held. CannotCarry.
  void Make(const std::vector<OpenFile>& files, const CarrierCourse::Hold& course);
  // What the run of the forked target begins with. Once, when the target is there.
  LiveRun::Carried Carry(const CarrierCourse::Hold& course);

 private:
  std::map<int, UniqueFd> ends_;
  std::map<const JsonRpcClient*, UniqueFd> sockets_;  // of those that the target has accepted
  std::set<std::string> inodes_;                      // of the target's ends of these
};

}  // namespace faultline
