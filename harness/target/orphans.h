#pragma once

#include <sys/types.h>

#include <vector>

namespace faultline {

// Descendants of a target whose parent has died become children of the harness instead of init's
// (PR_SET_CHILD_SUBREAPER), so that the harness can take their bodies away. Process-wide, for good.
void AdoptOrphans();

// While it lives, `pid` is a child that somebody in the harness waits for: ReapOrphans leaves it.
// Thread-safe.
class OwnChild {
 public:
  explicit OwnChild(pid_t pid);
  ~OwnChild();
  OwnChild(const OwnChild&) = delete;
  OwnChild& operator=(const OwnChild&) = delete;

 private:
  pid_t pid_;
};

// Reaps those of `candidates` that are dead adopted orphans: zombies, children of this process, in
// a session other than the harness's own (a target has its own), and no OwnChild. Thread-safe.
void ReapOrphans(const std::vector<pid_t>& candidates);

}  // namespace faultline
