#pragma once

#include <exception>
#include <functional>
#include <semaphore>
#include <thread>
#include <utility>

namespace faultline {

// A function that pauses in the middle and goes on when it is resumed. It has a thread of its own
// for its stack, but that runs only while the owner is in Resume(): neither needs a lock. (C++20's
// coroutines are not to be had from Clang 14 with libstdc++.)
class Coroutine {
 public:
  explicit Coroutine(std::function<void(Coroutine&)> body)
      : body_(std::move(body)), thread_([this] { Run(); }) {}
  // Only when done().
  ~Coroutine() = default;
  Coroutine(const Coroutine&) = delete;
  Coroutine& operator=(const Coroutine&) = delete;

  // For the owner, unless done(): returns when the function pauses or ends; throws what it throws.
  void Resume() {
    resumed_.release();
    paused_.acquire();
    if (error_) {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }
  bool done() const { return done_; }

  // For the function: returns when it is resumed.
  void Pause() {
    paused_.release();
    resumed_.acquire();
  }

 private:
  void Run() {
    resumed_.acquire();
    try {
      body_(*this);
    } catch (...) {
      error_ = std::current_exception();
    }
    done_ = true;
    paused_.release();
  }

  const std::function<void(Coroutine&)> body_;
  std::binary_semaphore resumed_{0};
  std::binary_semaphore paused_{0};
  std::exception_ptr error_;
  bool done_ = false;
  std::jthread thread_;  // last: it uses all else
};

}  // namespace faultline
