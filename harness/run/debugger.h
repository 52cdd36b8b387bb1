#pragma once

#include <sys/types.h>

#include <filesystem>

#include "harness/base/unique_fd.h"

namespace faultline {

// gdb on the harness's own terminal, attached to a target, with a breakpoint on the agent's empty
// function that is called just before a call is made to fail: `up` leads to the failing call.
class Debugger {
 public:
  // Stops the target and returns once gdb has attached and set it going again. `directory` takes a
  // FIFO for the while. Failure (kCannotWork) when there is no gdb or it ends before.
  Debugger(pid_t target, const std::filesystem::path& directory);
  ~Debugger();  // waits until the user has left gdb
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

 private:
  void Start(pid_t target, const std::filesystem::path& fifo);

  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace faultline
