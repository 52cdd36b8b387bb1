#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/snapshot_carrier.h"
#include "harness/run/snapshot_limits.h"

namespace faultline {

// What SnapshotExecutors of one scenario have in common: the carrier, and why runs were made cold.
class SnapshotPool {
 public:
  // `interruption`, when given, ends whatever is waited for by Interrupted. Borrowed.
  explicit SnapshotPool(Interruption* interruption = nullptr) : interruption_(interruption) {}

  // In which order the scenario makes its calls, as one run was seen to; made at the first
  // use. Empty when there can be no snapshots of it.
  const std::map<SiteCall, size_t>& Order(const RunRequest& request);

  // Runs that were made cold for one reason.
  static constexpr size_t kMostPoints = 4;
  struct Cold {
    int64_t runs = 0;
    std::vector<std::string> points;  // whose calls were to fail: the first kMostPoints
  };
  struct Counts {
    int64_t snapshots = 0;
    int64_t carriers = 0;
    int64_t way_ms = 0;  // of all carriers, from their start to the last call that was asked for
    std::map<std::string, Cold> cold;  // by reason
  };
  Counts counts() const;
  // How much of its time a run at that call has waited for carriers' ways to their calls, its own
  // and those before it; once for each run. 0: there is no such run.
  std::chrono::milliseconds TakeWayOf(const SiteCall& call);
  // Whether forks get large pages, before the first carrier; else it is measured
  // (LargePagesAreCheaper).
  void SetLargePages(bool large_pages) { large_pages_ = large_pages; }
  // From here on all runs are cold.
  void GiveUp(const std::string& why);

 private:
  friend class SnapshotExecutor;

  // Runs come to the carrier in the order in which they were given out, which is that of the calls
  // that it makes: one that overtook another would leave it nothing.
  uint64_t TakeTicket();
  void AwaitTurn(uint64_t ticket);
  void GiveUpTurn(uint64_t ticket);
  // The carrier, at that call; nullptr when it has passed it, or never made it.
  std::shared_ptr<Carrier> CarrierAt(const RunRequest& request, const SiteCall& call,
                                     std::string& why);
  std::shared_ptr<Carrier> TakeToCall(const RunRequest& request, const SiteCall& call, size_t place,
                                      std::string& why);
  void CountCold(const std::string& why, const RunRequest& request);
  void KeepWay(const SiteCall& call, int64_t ms);
  std::string given_up() const;

  Interruption* const interruption_;
  MemoryBudget memory_{HalfOfAvailableMb()};
  mutable std::mutex mutex_;
  std::condition_variable turns_;
  std::set<uint64_t> tickets_;  // guarded by mutex_
  uint64_t last_ticket_ = 0;
  std::optional<HugepageBudget> hugepages_;  // those that one run has had are for the next
  std::mutex carrier_mutex_;                 // held from CarrierAt() until the child is there
  std::shared_ptr<Carrier> carrier_;
  std::optional<bool> large_pages_;
  std::optional<size_t> position_;  // in the order
  std::set<SiteCall> missed_;       // calls that a carrier did not make
  std::optional<std::map<SiteCall, size_t>> order_;
  std::string no_scout_;  // why the target cannot be looked at; order_ is empty then
  std::string given_up_;  // guarded by mutex_
  int64_t forks_ = 0;
  Counts counts_;
  std::multimap<SiteCall, std::chrono::milliseconds> ways_;  // guarded by mutex_
};

// What `request` hooks, as far as it is known: the request says so, or an earlier run showed it.
Executed ExecutedProgramOf(const RunRequest& request);

}  // namespace faultline
