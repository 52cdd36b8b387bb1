#include "harness/run/untraced_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <mutex>
#include <set>
#include <string>

#include "harness/base/failure.h"
#include "harness/planner/sanitizer_runtime.h"
#include "harness/run/preparations.h"
#include "harness/run/sandbox.h"
#include "harness/target/event_loop.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

constexpr char kEalInit[] = "rte_eal_init";
constexpr int kProofGraceMs = 200;
constexpr int kProofLookEveryMs = 5;

// What the arguments are made of, the same in every run.
std::string KeyOf(const RunRequest& request) {
  const Profile& profile = request.profile;
  const Scenario& scenario = request.scenario;
  return fmt::format("{}|{}|{}|{}|{}|{}|{}", request.program.string(), fmt::join(profile.args, " "),
                     fmt::join(profile.app_args, " "), fmt::join(profile.args_with_hugetlbfs, " "),
                     fmt::join(profile.args_without_hugetlbfs, " "),
                     fmt::join(scenario.extra_args, " "), fmt::join(scenario.app_args, " "));
}

enum class Shown {
  kGiven,      // the call was given --no-pci
  kEndedSoon,  // the target ended by itself before it
  kNothing,    // it did not come to the call in time
};

// Failure (kBadInput) when the call was given something else.
Shown Show(const RunRequest& request, const std::filesystem::path& sanitizer) {
  Sandbox sandbox(request);  // of its own: the run's is as the scenario makes it
  SpawnOptions options = sandbox.TargetOptions();
  if (!sanitizer.empty()) {  // as in the run: two runtimes do not go together
    std::string& preload = options.environment["LD_PRELOAD"];
    preload = PreloadFirst(preload, sanitizer.string());
  }
  options.trace = true;
  options.required_args = {"--no-pci"};
  options.proof_function = kEalInit;
  options.proof_is_asked = false;
  EventLoop loop;
  Prepare(request, sandbox, loop);
  Process process(options);
  LogWatch log(process.output_fd(), process.start_time());
  loop.Add(process.event_fd(), [&] { process.OnEvent(); });
  loop.Add(process.output_fd(), [&] {
    if (!log.OnReadable()) {
      loop.Remove(process.output_fd());
    }
  });
  const auto is_over = [&] { return process.proven() || process.exited(); };
  const Deadline limit = InMs(request.scenario.limits_ms.start);
  while (!is_over() && Clock::now() < limit) {
    loop.RunUntil(is_over, InMs(kProofLookEveryMs));  // the call itself is no event
  }
  const bool ended = process.exited();
  const bool proven = process.proven();
  const std::string refusal = process.refusal();
  process.Kill();
  process.Finish(kProofGraceMs);
  if (!refusal.empty()) {
    throw Failure::BadInput(refusal);
  }
  return proven ? Shown::kGiven : ended ? Shown::kEndedSoon : Shown::kNothing;
}

// Without the scenario's own arguments.
Shown ShowWithProfileOnly(const RunRequest& request, const std::filesystem::path& sanitizer) {
  Scenario scenario = request.scenario;
  scenario.extra_args.clear();
  scenario.app_args.clear();
  RunRequest plain{scenario, request.profile, request.catalogue};
  plain.program = request.program;
  plain.executed_program = request.executed_program;
  plain.agent = request.agent;
  plain.run_root = request.run_root;
  plain.cache_dir = request.cache_dir;
  return Show(plain, sanitizer);
}

void Prove(const RunRequest& request, const std::filesystem::path& sanitizer) {
  Shown shown = Show(request, sanitizer);
  // A scenario may give it an argument that it refuses. Then the program itself is shown to pass on
  // what it is given.
  const bool has_arguments =
      !request.scenario.extra_args.empty() || !request.scenario.app_args.empty();
  if (shown == Shown::kEndedSoon && has_arguments) {
    shown = ShowWithProfileOnly(request, sanitizer);
  }
  if (shown != Shown::kGiven) {
    throw Failure::BadInput(fmt::format(
        "{} is not started: under gdb, and with a sanitizer, nothing can hold it at {}; a traced "
        "start was to show that it is given --no-pci there, and did not come to call it",
        request.program.string(), kEalInit));
  }
}

}  // namespace

void ProveUntraced(const RunRequest& request, const Hooking& hooking) {
  const bool is_untraced = request.in_debugger || !hooking.sanitizer_runtime().empty();
  if (!is_untraced || !UsesDpdkAsBefore(HookedProgram(request))) {
    return;
  }
  static std::mutex mutex;
  static std::set<std::string> proven;
  const std::lock_guard lock(mutex);
  const std::string key = KeyOf(request);
  if (!proven.contains(key)) {
    Prove(request, hooking.sanitizer_runtime());
    proven.insert(key);
  }
}

}  // namespace faultline
