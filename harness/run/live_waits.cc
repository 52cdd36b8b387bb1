#include <unistd.h>

#include <algorithm>

#include "harness/run/live_run.h"
#include "harness/run/patience.h"
#include "harness/target/proc_status.h"

// What a run waits for: its target, and no longer than it is given.
namespace faultline {
namespace {

// Somebody reads a stack in gdb.
constexpr int64_t kForeverMs = int64_t{7} * 24 * 3600 * 1000;

}  // namespace

LiveRun::Wait LiveRun::WaitFor(const std::function<bool()>& met, WaitAccount& wait) {
  if (request_.in_debugger) {
    wait.limit_ms = kForeverMs;
    wait.most_ms = kForeverMs;
  }
  const WaitAccount given = wait;
  const auto done = [&] { return met() || process_.exited(); };
  bool in_time = true;
  pid_t watched = 0;
  do {
    progress_.StartCounting();
    watched = process_.pid();  // another one once a wrapper's child turns out to be the target
    Patience patience(
        watched, given, [this] { return progress_.Look(); }, ::getpid());
    in_time = true;
    while (in_time && !loop_.RunUntil(done, patience.deadline())) {
      in_time = patience.Extend();
    }
    wait = patience.Account();
  } while (!in_time && (process_.pid() != watched || IsExcused()));
  if (!in_time) {
    if (const auto& retry = progress_.retry(); retry && wait.got_on) {
      wait.retried = retry->point;
      wait.retries = retry->calls;
    }
    return Wait::kTimedOut;
  }
  if (process_.exited()) {
    TakeIn();
  }
  return met() ? Wait::kMet : Wait::kExited;
}

LiveRun::Wait LiveRun::PollFor(const std::function<bool()>& met, WaitAccount& wait) {
  constexpr std::chrono::milliseconds kEvery(5);
  const Clock::time_point begin = Clock::now();
  Clock::time_point end = InMs(request_.in_debugger ? kForeverMs : wait.limit_ms);
  const auto done = [&] { return met() || process_.exited(); };
  while (!loop_.RunUntil(done, std::min(end, Clock::now() + kEvery))) {
    if (Clock::now() >= end) {
      if (!IsExcused()) {
        break;
      }
      end = InMs(wait.limit_ms);
    }
  }
  wait.took_ms = MsSince(begin);
  if (process_.exited()) {
    TakeIn();
  }
  return met() ? Wait::kMet : process_.exited() ? Wait::kExited : Wait::kTimedOut;
}

bool LiveRun::WaitForExit(WaitAccount& wait) {
  return WaitFor([] { return false; }, wait) == Wait::kExited;
}

bool LiveRun::WaitForExit(int64_t limit_ms) {
  WaitAccount wait{.for_what = "the exit", .limit_ms = limit_ms, .most_ms = limit_ms};
  return WaitForExit(wait);
}

LiveRun::Wait LiveRun::AwaitDetached(WaitAccount& wait) {
  if (!request_.profile.detaches || detached_) {
    return Wait::kMet;
  }
  const Wait outcome = WaitFor([this] { return process_.followed(); }, wait);
  if (outcome != Wait::kMet) {
    return outcome;
  }
  // What has taken the started process's place may be about to end too, as one does that forks
  // twice: it has a child, and neither waits nor has ended.
  constexpr int64_t kMostMs = 1'000;
  WaitAccount next{.for_what = "the daemon to have forked itself for the last time",
                   .limit_ms = kMostMs,
                   .most_ms = kMostMs};
  const Wait last = PollFor(
      [this] { return !process_.has_children() || SleepsUntilSomethingComes(process_.pid()); },
      next);
  if (last == Wait::kExited) {
    return last;
  }
  detached_ = true;
  process_.Settle();
  TakeTarget();
  if (hooking_.wanted()) {
    hooking_.journal().SetTarget(static_cast<uint32_t>(process_.pid()), /*settled=*/true);
  }
  return outcome;
}

bool LiveRun::ServesAnotherClient() {
  const ReadyCondition& ready = request_.profile.ready;
  if (ready.kind != ReadyCondition::Kind::kRpcSocket || ready.rpc_method.empty() || exited()) {
    return false;
  }
  JsonRpcClient client(sandbox_.rpc_address());
  loop_.Add(client.fd(), [&client] { client.OnReadable(); });
  const uint64_t id = client.Send(ready.rpc_method, nullptr);
  WaitAccount wait{.for_what = "an answer to a new client",
                   .limit_ms = request_.limits_ms.rpc,
                   .most_ms = request_.limits_ms.rpc};
  WaitFor([&] { return client.HasAnswer(id); }, wait);
  loop_.Remove(client.fd());
  const std::optional<RpcAnswer> answer = client.TakeAnswer(id);
  return answer && (answer->outcome == RpcExchange::Outcome::kResult ||
                    answer->outcome == RpcExchange::Outcome::kError);
}

}  // namespace faultline
