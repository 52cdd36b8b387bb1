#pragma once

#include <functional>
#include <map>

#include "harness/target/clock.h"

namespace faultline {

// Waits for whatever happens first: output, an RPC answer, an exit, an interruption. A thin layer
// over poll(2): a run watches about five descriptors. Not thread-safe; one per thread.
class EventLoop {
 public:
  // Calls `on_readable` from RunUntil() whenever `fd` is readable or at its end. The handler must
  // read (or Remove) the descriptor, since readiness is level-triggered; it may Add and Remove.
  // `fd` is borrowed and must be removed before it is closed.
  void Add(int fd, std::function<void()> on_readable);
  void Remove(int fd);  // no effect when it is not watched

  // Dispatches until `done()` holds, which is asked first and after each round of handlers.
  // False when `deadline` passed before. What a handler throws passes through.
  bool RunUntil(const std::function<bool()>& done, Deadline deadline);

 private:
  void DispatchOnce(int timeout_ms);

  std::map<int, std::function<void()>> handlers_;
};

}  // namespace faultline
