#pragma once

#include <atomic>
#include <cstdint>

#include "harness/protocol/snapshot.h"

namespace faultline::agent {

// The agent's side of a carrier; see protocol/snapshot.h and harness/README.md.
class Snapshot {
 public:
  constexpr Snapshot() = default;

  // This process is a carrier. nullptr, or why it cannot be one.
  const char* Open(const char* path);

  // Is the call that is made by `site` for the `occurrence`th time the one to stop at?
  bool Wants(uint64_t site, uint64_t occurrence) const {
    return control_ != nullptr && control_->wanted_site.load(std::memory_order_acquire) == site &&
           control_->wanted_occurrence.load(std::memory_order_relaxed) == occurrence;
  }

  // While one thread is parked, calls of others wait here: none may come by a call that the harness
  // is going to ask for. Only in the carrier itself, not in what it has forked.
  void AwaitOthers() {
    if (parked_.load(std::memory_order_acquire) != 0) {
      WaitWhileParked();
    }
  }

  // Serves the harness until it lets the calling thread go on. Returns once in the carrier, and
  // once in each child that is forked meanwhile, where the agent follows the child's own plan and
  // is no carrier any more. The thread is busy.
  void Park();

 private:
  void Answer(protocol::CarrierState state);
  void BecomeChild();
  void KeepOthers();
  void WaitWhileParked();
  void LetOthersGoOn();

  protocol::SnapshotControl* control_ = nullptr;
  // 1 while a thread is parked. In memory that a child has a copy of: there the others go on.
  std::atomic<uint32_t> parked_ = 0;
};
extern constinit Snapshot the_snapshot;

}  // namespace faultline::agent
