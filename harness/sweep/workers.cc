#include "harness/sweep/workers.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "harness/base/failure.h"
#include "harness/oracle/oracle.h"
#include "harness/sweep/classify.h"
#include "harness/sweep/site_list.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

// CPU time of the calling thread: the supervision and the judging of its run.
int64_t ThreadCpuUs() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto us = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

const LimitsMs& LimitsOf(const SweepContext& context, Timeout timeout) {
  switch (timeout) {
    case Timeout::kBrief:
      return context.brief_limits_ms;
    case Timeout::kFull:
      return context.limits_ms;
    case Timeout::kUpper:
      break;
  }
  return context.scenario.limits_ms;
}

const std::map<std::string, LimitsMs>& LimitsOfOthersOf(const SweepContext& context,
                                                        Timeout timeout) {
  static const std::map<std::string, LimitsMs> kUpper;
  switch (timeout) {
    case Timeout::kBrief:
      return context.brief_limits_of_others_ms;
    case Timeout::kFull:
      return context.limits_of_others_ms;
    case Timeout::kUpper:
      break;
  }
  return kUpper;
}

const Catalogue& CatalogueOf(const SweepContext& context, const QueueRequest& request) {
  return request.catalogue == nullptr ? context.catalogue : *request.catalogue;
}

// Which functions are known to pass failures on does not depend on which are made to fail.
const Catalogue& JudgedBy(const SweepContext& context) {
  return context.all_points.points.empty() ? context.catalogue : context.all_points;
}

bool FindsNewSites(const SweepContext& context, const QueueRequest& request) {
  return context.find_new_sites && request.plan != nullptr && request.catalogue == nullptr;
}

// The step in which the call of a plan is to fail, in the sweep's own scenario: what is before it
// needs no looking at the target's state.
int StepOfFailure(const QueueRequest& request) {
  const bool is_known = request.plan != nullptr && request.scenario == nullptr &&
                        !request.plan->faults.empty() &&
                        SiteHashText(request.plan->faults.front().site) == request.plan->site.hash;
  return is_known ? std::max(1, static_cast<int>(request.plan->site.step)) : 1;
}

RunRequest ToRunRequest(const SweepContext& context, const QueueRequest& request,
                        const Scenario& scenario) {
  RunRequest run{scenario, context.profile, CatalogueOf(context, request)};
  run.program = context.program;
  run.agent = context.agent;
  run.faults = scenario.faults;
  run.limits_ms = LimitsOf(context, request.timeout);
  run.fault_free = &context.fault_free;
  run.limits_of_others_ms = LimitsOfOthersOf(context, request.timeout);
  run.record_sites = request.record_sites || FindsNewSites(context, request);
  run.watch_returns = request.watch_returns;
  run.provisional = request.purpose == QueueRequest::Purpose::kVisit && request.plan != nullptr &&
                    request.timeout == Timeout::kBrief && !request.alone && !request.cold;
  run.note_changes = request.plan == nullptr && request.keep_evidence && !request.record_sites;
  run.check_from_step = StepOfFailure(request);
  run.run_root = context.run_root;
  run.cache_dir = context.cache_dir;
  return run;
}

std::vector<StoredSite> NewSites(const SweepContext& context, const QueueRequest& request,
                                 const Evidence& evidence) {
  std::vector<StoredSite> fresh;
  if (!FindsNewSites(context, request) || request.plan->mode != SweepMode::kTransient) {
    return fresh;
  }
  Symbolizer symbolizer;
  for (StoredSite& site : ListSites(evidence, context.catalogue, context.nested, symbolizer)) {
    if (site.nested_in.empty() && !context.known_sites.contains(site.hash)) {
      site.calls = 0;
      site.seen_after = request.plan->site.hash;
      fresh.push_back(std::move(site));
    }
  }
  return fresh;
}

RunResult ExecuteAndJudge(const SweepContext& context, const QueueRequest& request,
                          Executor& executor) {
  Scenario scenario = request.scenario == nullptr ? context.scenario : *request.scenario;
  scenario.faults.clear();
  if (request.plan != nullptr) {
    scenario.faults = request.plan->faults;
    InLife(context.life, scenario.faults);
    scenario.tolerance = Tolerance::kMayFailCleanly;
    scenario.check_rolled_back &= ChecksRolledBack(request.plan->mode);
  }
  // What the whole scenario makes is no measure for a control with fewer steps.
  const bool is_measured = request.plan != nullptr || request.scenario == nullptr;
  Evidence evidence = executor.Execute(ToRunRequest(context, request, scenario));
  std::vector<Finding> findings;
  if (!request.keep_evidence) {
    findings = Judge(evidence, {scenario, context.profile, JudgedBy(context),
                                is_measured ? &context.fault_free : nullptr});
  }
  RunResult result = DescribeRun(context, request, evidence, std::move(findings));
  result.new_sites = NewSites(context, request, evidence);
  result.returns = std::move(evidence.returns);
  result.exit = evidence.exit;
  result.from_snapshot = evidence.from_snapshot;
  if (request.purpose == QueueRequest::Purpose::kVisit && (request.cold || result.from_snapshot)) {
    result.looked_at = WhatWasLookedAt(
        evidence, {scenario, context.profile, JudgedBy(context), &context.fault_free});
  }
  if (request.keep_evidence) {
    result.evidence = std::move(evidence);
  }
  return result;
}

}  // namespace

RunResult MakeRun(const SweepContext& context, const QueueRequest& request, Executor& executor) {
  const int64_t cpu_before = ThreadCpuUs();
  const auto begin = Workers::Clock::now();
  RunResult result;
  try {
    result = ExecuteAndJudge(context, request, executor);
  } catch (const Interrupted& interrupted) {
    result.interrupted = interrupted.signal();
  } catch (const Failure& failure) {
    result.failure = std::current_exception();
    result.why = failure.what();
  } catch (...) {
    result.error = std::current_exception();
  }
  result.run.harness_cpu_us = ThreadCpuUs() - cpu_before;
  result.took =
      std::chrono::duration_cast<std::chrono::milliseconds>(Workers::Clock::now() - begin);
  return result;
}

void ThreadWorkers::Start(int id, const SweepContext& context, const QueueRequest& request) {
  threads_[id] = std::jthread([this, id, &context, &request, executor = make_executor_()] {
    RunResult result = MakeRun(context, request, *executor);
    const std::lock_guard lock(mutex_);
    done_.push_back({id, std::move(result)});
    changed_.notify_one();
  });
}

std::optional<Workers::Done> ThreadWorkers::Wait(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  const auto any = [this] { return !done_.empty(); };
  if (until == Clock::time_point::max()) {
    changed_.wait(lock, any);
  } else if (!changed_.wait_until(lock, until, any)) {
    return std::nullopt;
  }
  Done done = std::move(done_.front());
  done_.pop_front();
  lock.unlock();
  threads_.erase(done.id);
  return done;
}

}  // namespace faultline
