#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "harness/run/executor.h"

namespace faultline {

using ExecutorFactory = std::function<std::unique_ptr<Executor>()>;

// Hands the numbers 0 to count - 1, in order, to `work` on `threads` threads, each with an executor
// of its own, and returns when all are done. The first exception ends it: nobody begins anything
// new, and it is thrown here once all threads have come back. An Interrupted is passed on to the
// other threads' runs by raising its signal again, since only one thread gets to read a signal.
void ForEachInParallel(size_t count, int threads, const ExecutorFactory& make_executor,
                       const std::function<void(size_t index, Executor& executor)>& work);

}  // namespace faultline
