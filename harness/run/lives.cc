#include "harness/run/lives.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace faultline {
namespace {

template <typename T>
void AppendShifted(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Those that no life has reached.
std::vector<std::string> NeverReached(const std::vector<Life>& lives) {
  std::vector<std::string> faults;
  for (const Life& life : lives) {
    for (const std::string& fault : life.evidence.faults_not_reached) {
      const bool hit = std::any_of(lives.begin(), lives.end(), [&](const Life& other) {
        return std::any_of(other.evidence.injections.begin(), other.evidence.injections.end(),
                           [&](const Injection& injection) { return injection.fault == fault; });
      });
      if (!hit && std::find(faults.begin(), faults.end(), fault) == faults.end()) {
        faults.push_back(fault);
      }
    }
  }
  return faults;
}

bool Has(const std::vector<Fault>& faults, const std::string& id) {
  return std::any_of(faults.begin(), faults.end(),
                     [&](const Fault& fault) { return fault.id == id; });
}

constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

// The fault as it counts on behind `counted` of its calls; nullopt: none of those that it hits is
// left.
std::optional<Fault> Behind(Fault fault, uint64_t counted) {
  uint64_t next = fault.first;
  if (next <= counted) {
    next += ((counted - next) / fault.step + 1) * fault.step;
  }
  if (next > fault.last) {
    return std::nullopt;
  }
  fault.first = next - counted;
  fault.last -= fault.last == kForEver ? 0 : counted;
  return fault;
}

}  // namespace

std::map<std::string, uint64_t> CountedCalls(const std::vector<Fault>& faults,
                                             const std::vector<std::string>& planned,
                                             const JournalSnapshot& journal) {
  std::map<std::string, uint64_t> counted;
  for (const Fault& fault : faults) {
    const auto rule =
        static_cast<size_t>(std::find(planned.begin(), planned.end(), fault.id) - planned.begin());
    if (!fault.armed_at_start || rule >= std::min(planned.size(), journal.rules.size())) {
      continue;
    }
    // With a site its occurrences count, armed or not.
    const auto site = std::find_if(journal.sites.begin(), journal.sites.end(),
                                   [&](const JournalSite& one) { return one.hash == fault.site; });
    if (fault.site == 0) {
      counted[fault.id] = journal.rules[rule].counted;
    } else if (site != journal.sites.end()) {
      counted[fault.id] = site->calls;
    }
  }
  return counted;
}

void ShiftTimes(Evidence& evidence, int64_t by_ms) {
  for (StepResult& step : evidence.steps) {
    step.begin_ms += by_ms;
  }
  for (LogLine& line : evidence.log) {
    line.time_ms += by_ms;
  }
  for (Injection& injection : evidence.injections) {
    injection.time_ms += by_ms;
  }
}

Evidence MergeLives(std::vector<Life> lives) {
  if (lives.size() == 1) {
    return std::move(lives.front().evidence);
  }
  const std::vector<std::string> not_reached = NeverReached(lives);
  Evidence all = lives.back().evidence;
  all.faults_not_reached = not_reached;
  all.steps.clear();
  all.log.clear();
  all.rpcs.clear();
  all.rollback_checks.clear();
  all.flat_counts.clear();
  all.fault_rpcs.clear();
  all.fault_steps.clear();
  all.lost_companions.clear();
  all.injections.clear();
  all.returns.clear();
  const Evidence& first = lives.front().evidence;
  all.journal = first.journal;
  all.points = first.points;
  all.observers = first.observers;
  all.hooks = first.hooks;
  for (size_t i = 0; i < lives.size(); ++i) {
    Evidence& life = lives[i].evidence;
    life.faults_not_reached.clear();
    if (i + 1 == lives.size()) {
      life.faults_not_reached = not_reached;
    }
    Evidence shifted = life;
    ShiftTimes(shifted, lives[i].begin_ms);
    AppendShifted(all.steps, shifted.steps);
    AppendShifted(all.log, shifted.log);
    AppendShifted(all.rpcs, shifted.rpcs);
    AppendShifted(all.rollback_checks, shifted.rollback_checks);
    AppendShifted(all.flat_counts, shifted.flat_counts);
    AppendShifted(all.fault_rpcs, shifted.fault_rpcs);
    AppendShifted(all.fault_steps, shifted.fault_steps);
    AppendShifted(all.lost_companions, shifted.lost_companions);
    AppendShifted(all.injections, shifted.injections);
    AppendShifted(all.returns, shifted.returns);
    all.start_ms = std::max(all.start_ms, life.start_ms);
    all.stop_ms = std::max(all.stop_ms, life.stop_ms);
    all.agent_ready = all.agent_ready && life.agent_ready;
    if (all.threads.empty()) {
      all.threads = life.threads;
      all.threads_note = life.threads_note;
    }
  }
  all.total_ms += lives.back().begin_ms;
  for (Life& life : lives) {
    all.lives.push_back(std::move(life.evidence));
  }
  return all;
}

std::vector<Fault> FaultsOfNextLife(const std::vector<Fault>& faults, const Evidence& before,
                                    const std::map<std::string, uint64_t>& counted) {
  std::vector<Fault> left;
  for (const Fault& fault : faults) {
    const auto hits =
        std::count_if(before.injections.begin(), before.injections.end(),
                      [&](const Injection& injection) { return injection.fault == fault.id; });
    const bool for_ever = fault.last == kForEver;
    const uint64_t calls = for_ever ? 0 : (fault.last - fault.first) / fault.step + 1;
    if (!for_ever && std::cmp_greater_equal(hits, calls)) {
      continue;
    }
    const auto so_far = counted.find(fault.id);
    if (const auto behind = Behind(fault, so_far == counted.end() ? 0 : so_far->second)) {
      left.push_back(*behind);
    }
  }
  // What waits for a fault that is over need not wait any more.
  for (Fault& fault : left) {
    if (!Has(left, fault.after)) {
      fault.after.clear();
    }
  }
  return left;
}

std::vector<Fault> FaultsOfLife(const std::vector<Fault>& faults, int life) {
  std::vector<Fault> own = faults;
  std::erase_if(own, [&](const Fault& fault) { return fault.life != 0 && fault.life != life; });
  // A chain: what waits for one that has gone goes too.
  while (std::erase_if(own, [&](const Fault& fault) {
           return !fault.after.empty() && !Has(own, fault.after);
         }) > 0) {
  }
  return own;
}

}  // namespace faultline
