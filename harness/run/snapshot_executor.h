#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "harness/run/executor.h"
#include "harness/run/snapshot_carrier.h"
#include "harness/run/snapshot_pool.h"

namespace faultline {

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
  // `carrier`: whose child it was, for the caller to let go.
  Evidence RunFork(const RunRequest& request, const SiteCall& call,
                   std::shared_ptr<Carrier>& carrier);

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
