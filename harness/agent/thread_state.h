#pragma once

#include <cstdint>

#include "harness/agent/call_frame.h"

namespace faultline::agent {

// A wrapped call that has not returned yet.
struct OpenWrap {
  const CallFrame* frame;
  bool error_noted;
  bool hit;  // a call that a rule failed happened inside, and that is journaled
};

// Deeper ones are journaled, but miss error notes and hits.
inline constexpr uint32_t kMaxOpenWraps = 64;

// What the agent keeps of each thread. Lives in initial-exec thread-local storage, so that reading
// it is one instruction and never a call into the dynamic loader.
struct ThreadState {
  uint32_t busy;   // not 0: inside the agent; hooked functions that it calls go straight on
  uint32_t tid;    // 0: no event of this thread yet
  void* question;  // what libfiu is being asked, see decision.cc
  uint32_t open_wraps;
  OpenWrap wraps[kMaxOpenWraps];
};

extern constinit thread_local ThreadState this_thread;

// The thread is inside the agent for the lifetime of this.
class BusyScope {
 public:
  BusyScope() { ++this_thread.busy; }
  ~BusyScope() { --this_thread.busy; }
  BusyScope(const BusyScope&) = delete;
  BusyScope& operator=(const BusyScope&) = delete;
};

}  // namespace faultline::agent
