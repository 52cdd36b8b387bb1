#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
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
  SnapshotPool() = default;

  // In which order the scenario makes its calls, as one run was seen to; made at the first
  // use. Empty when there can be no snapshots of it: then why().
  const std::map<SiteCall, size_t>& Order(const RunRequest& request,
                                          Interruption* interruption = nullptr);

  struct Counts {
    int64_t snapshots = 0;
    int64_t waited_ms = 0;  // that they were not begun yet: for their turn, and their carrier's way
    std::map<std::string, int64_t> cold;  // by reason
  };
  Counts counts() const;
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
                                     Interruption* interruption, std::string& why);
  void CountCold(const std::string& why);
  std::string given_up() const;

  MemoryBudget memory_{HalfOfAvailableMb()};
  mutable std::mutex mutex_;
  std::condition_variable turns_;
  std::set<uint64_t> tickets_;  // guarded by mutex_
  uint64_t last_ticket_ = 0;
  std::mutex carrier_mutex_;  // held from CarrierAt() until the child is there
  std::shared_ptr<Carrier> carrier_;
  std::optional<size_t> position_;  // in the order
  std::set<SiteCall> missed_;       // calls that a carrier did not make
  std::optional<std::map<SiteCall, size_t>> order_;
  std::string given_up_;  // guarded by mutex_
  int carriers_ = 0;
  int64_t forks_ = 0;
  Counts counts_;
};

// Runs by forking a live target at the site that is to fail. What it shows is provisional: only
// requests that say so are made so (RunRequest::provisional), all others cold, as are those that
// cannot be carried: the pool counts why. A run is held as a cold one is; no oracle can tell.
class SnapshotExecutor : public Executor {
 public:
  // `pool` is borrowed and shared by all executors of one scenario. Executors are made in the order
  // in which their (first) runs are to come to the carrier.
  SnapshotExecutor(SnapshotPool& pool, Interruption* interruption)
      : pool_(pool), ticket_(pool.TakeTicket()), cold_(interruption), interruption_(interruption) {}
  ~SnapshotExecutor() override { pool_.GiveUpTurn(ticket_); }
  SnapshotExecutor(const SnapshotExecutor&) = delete;
  SnapshotExecutor& operator=(const SnapshotExecutor&) = delete;
  Evidence Execute(const RunRequest& request) override;

 private:
  std::optional<Evidence> TryFork(const RunRequest& request);
  // Calls `begins` when the carrier is at the call.
  Evidence RunFork(const RunRequest& request, const SiteCall& call,
                   const std::function<void()>& begins);

  SnapshotPool& pool_;
  const uint64_t ticket_;
  ColdExecutor cold_;
  Interruption* interruption_;
};

// Why no snapshot can serve `request`, whatever its target does; "" when one may.
std::string WhyCold(const RunRequest& request);
// The call at which its first fault acts.
std::optional<SiteCall> FirstCall(const RunRequest& request);

}  // namespace faultline
