#include <fmt/format.h>

#include <map>
#include <mutex>

#include "harness/base/failure.h"
#include "harness/base/program_path.h"
#include "harness/run/course.h"
#include "harness/run/executed_cache.h"
#include "harness/run/executor.h"
#include "harness/run/seat.h"

namespace faultline {
namespace {

Attempt ExecuteOnce(const RunRequest& request, Interruption* interruption) {
  return Course(request, interruption).Run();
}

void Keep(const Executed& program, const ExecutedCache& cache) {
  if (program.empty()) {
    cache.Forget();
  } else {
    cache.Remember(program);
  }
}

// The programs that were executed in the place of others are those to hook in the next attempt.
void Learn(const Attempt& attempt, const ExecutedCache& cache, RunRequest& request) {
  for (const auto& [target, program] : attempt.executed) {
    if (target == request.scenario.subject) {
      request.executed_program = program;
      Keep(program, cache);
    } else {
      request.executed_by_others[target] = program;
      const Target& other = *request.scenario.FindTarget(target);
      Keep(program, ExecutedCache(request.cache_dir, ProgramOf(other, request),
                                  request.scenario.ForTarget(other), other.profile));
    }
  }
}

}  // namespace

const std::filesystem::path& HookedProgram(const RunRequest& request) {
  if (!request.executed_program.empty()) {
    return request.executed_program.program;
  }
  // References to the values of a map stay good.
  static std::mutex mutex;
  static std::map<std::filesystem::path, std::filesystem::path> executed;
  const std::lock_guard lock(mutex);
  const auto [known, is_new] = executed.try_emplace(request.program);
  if (is_new) {
    known->second = ExecutedFor(request.program);
  }
  return known->second;
}

Evidence ColdExecutor::Execute(const RunRequest& request) {
  const ExecutedCache cache(request.cache_dir, request.program, request.scenario, request.profile);
  RunRequest own = request;
  if (own.executed_program.empty()) {
    own.executed_program = cache.Recall();
  }
  Attempt attempt = ExecuteOnce(own, interruption_);
  // Each attempt ends with the first target of which it turns out; of one of which something else
  // was remembered that takes two.
  for (size_t left = 2 * (1 + own.scenario.targets.size()); !attempt.executed.empty() && left > 0;
       --left) {
    Learn(attempt, cache, own);
    attempt = ExecuteOnce(own, interruption_);
  }
  if (!attempt.executed.empty()) {
    throw Failure::CannotWork(
        fmt::format("{} executed one program once and {} another time: name one of them as the "
                    "program",
                    request.program.string(), attempt.executed.begin()->second.program.string()));
  }
  if (attempt.missed_hooks) {
    attempt = ExecuteOnce(own, interruption_);
  }
  return std::move(attempt.evidence);
}

}  // namespace faultline
