#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace victim {

// A stack for signal handlers, which is each thread's own; as long as it lives.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

  void Check() const;

 private:
  stack_t Own();

  std::vector<char> bytes_ = std::vector<char>(1 << 16);
  stack_t before_ = {};
};

// Threads that wait in the ways in which programs wait: the first for events as DPDK's thread for
// interrupts does, the second spins, the third sleeps, all others wait for a condition. One object
// of it at a time.
class WaitingThreads {
 public:
  explicit WaitingThreads(int threads);

  // Wakes those that wait for a condition, and comes back when all of them were there.
  void Round(int number);
  // The others go on as well. Ends the first.
  void CheckOthers();
  // Ends all and waits for them; CheckOthers was called.
  void Stop();

 private:
  void StartWaitingForEvents();

  std::vector<std::thread> all_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> turns_ = 0;
  std::atomic<int> ticks_ = 0;
  int wake_up_ = -1;
  int pipe_ends_[2] = {-1, -1};
  int in_rounds_ = 0;
};

// The mutex that they wait with knows its owner by the thread's id: the calling thread can have it.
void CheckMutex();

}  // namespace victim
