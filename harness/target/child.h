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

// All that the child needs, made before fork: after it, only async-signal-safe calls are allowed,
// since the harness has threads. Borrowed pointers.
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

// The forked child's whole life until the program takes over. Called with all signals blocked.
[[noreturn]] void RunChild(const ChildPlan& plan);

}  // namespace faultline
