#include "harness/sweep/crew.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/target/interruption.h"

namespace faultline {
namespace {

class Crew {
 public:
  Crew(size_t count, const ExecutorFactory& make_executor,
       const std::function<void(size_t, Executor&)>& work)
      : count_(count), make_executor_(make_executor), work_(work) {}

  void Run(int threads) {
    {
      std::vector<std::jthread> crew;
      for (int i = 0; i < threads; ++i) {
        crew.emplace_back([this] { Work(); });
      }
    }
    if (failure_) {
      std::rethrow_exception(failure_);
    }
  }

 private:
  void Work() {
    try {
      const std::unique_ptr<Executor> executor = make_executor_();
      for (size_t index = next_++; index < count_ && !stop_; index = next_++) {
        work_(index, *executor);
      }
    } catch (const Interrupted& interrupted) {
      Stop();
      ::kill(::getpid(), interrupted.signal());
    } catch (...) {
      Stop();
    }
  }

  // Called while an exception is being handled.
  void Stop() {
    const std::lock_guard lock(mutex_);
    failure_ = failure_ ? failure_ : std::current_exception();
    stop_ = true;
  }

  const size_t count_;
  const ExecutorFactory& make_executor_;
  const std::function<void(size_t, Executor&)>& work_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void ForEachInParallel(size_t count, int threads, const ExecutorFactory& make_executor,
                       const std::function<void(size_t, Executor&)>& work) {
  const int useful = static_cast<int>(std::min<size_t>(count, static_cast<size_t>(threads)));
  Crew(count, make_executor, work).Run(useful);
}

}  // namespace faultline
