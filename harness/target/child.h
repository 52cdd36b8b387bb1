#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>

namespace faultline {

// What the child reports through ChildPlan::status_fd while it prepares itself. The order is the
// order of work.
enum class ChildStage : int {
  kReady,  // prepared; waits for the word to execute the program
  kSession,
  kStdio,
  kDirectory,
  kNamespaces,
  kMountNamespace,
  kReadOnly,
  kLimits,
  kExec,
};

struct ChildReport {
  ChildStage stage;
  int error;  // errno; 0 with kReady
};

struct ChildLimit {
  int resource = 0;  // RLIMIT_*
  rlimit value = {};
};

// All that the child needs. It is read by the child while that shares the harness's memory, so it
// and what it points to must live until the program runs or the child is gone. Borrowed pointers.
struct ChildPlan {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* working_dir = nullptr;
  pid_t parent = 0;
  int input_fd = -1;      // becomes 0
  int output_fd = -1;     // becomes 1 and 2
  bool terminal = false;  // input_fd becomes the controlling terminal
  int mounts_fd = -1;     // namespaces for setns(2); -1 = the harness's own
  int network_fd = -1;
  const char* read_only_dir = nullptr;  // may not be written to but in writable_dir below it
  const char* writable_dir = nullptr;
  const ChildLimit* limits = nullptr;  // `limit_count` of them
  size_t limit_count = 0;
  bool close_stdio[3] = {};  // instead of input_fd and output_fd
  int status_fd = -1;        // close-on-exec: its end without a report is success
  int go_fd = -1;            // one byte = execute; end of file = give up
};

// Bytes of stack that RunChild needs, with room to spare.
inline constexpr size_t kChildStackBytes = size_t{64} * 1024;

// The child's whole life until the program takes over, for clone(2) with CLONE_VM: a copy of the
// harness's page tables, and a copy of each page that it then writes, cost more than the rest of a
// start. `plan` is a const ChildPlan*. Called with all signals blocked. It uses neither libc nor
// anything else that has a state in memory, its caller's errno included. Does not return.
int RunChild(void* plan);

}  // namespace faultline
