#include "harness/agent/snapshot.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>

#include "harness/agent/agent_state.h"
#include "harness/agent/clear_memory.h"
#include "harness/agent/heap.h"
#include "harness/agent/hook_table.h"
#include "harness/agent/own_memory.h"
#include "harness/agent/plan_map.h"
#include "harness/agent/raw.h"
#include "harness/agent/snapshot_steps.h"

namespace faultline::agent {

using namespace protocol;

constinit Snapshot the_snapshot;

const char* Snapshot::Open(const char* path) {
  const MappedFile file = MapFile(path, /*writable=*/true);
  auto* control = static_cast<SnapshotControl*>(file.base);
  if (control == nullptr || file.size < sizeof(SnapshotControl) ||
      control->magic != kSnapshotMagic) {
    return "the carrier's control file cannot be used";
  }
  control_ = control;
  return nullptr;
}

void Snapshot::Answer(CarrierState state) {
  control_->state.store(state, std::memory_order_release);
  Syscall(__NR_futex, &control_->state, FUTEX_WAKE, 0x7fffffff);
}

void Snapshot::WaitWhileParked() {
  while (parked_.load(std::memory_order_acquire) != 0) {
    Syscall(__NR_futex, &parked_, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, nullptr);
  }
}

void Snapshot::LetOthersGoOn() {
  parked_.store(0, std::memory_order_release);
  Syscall(__NR_futex, &parked_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff);
}

// The last one to be parked may still be on its way out when the harness has asked for this call.
void Snapshot::KeepOthers() {
  for (uint32_t none = 0; !parked_.compare_exchange_strong(none, 1, std::memory_order_acq_rel);
       none = 0) {
    WaitWhileParked();
  }
}

void Snapshot::Park() {
  SnapshotControl* const control = control_;
  KeepOthers();
  control->parked_thread = static_cast<uint32_t>(Syscall(__NR_gettid));
  control->call_instruction = reinterpret_cast<uint64_t>(&faultline_call_instruction);
  control->memset = reinterpret_cast<uint64_t>(OwnMemset());
  control->clear_memory = reinterpret_cast<uint64_t>(&ClearMemory);
  control->wanted_site.store(0, std::memory_order_relaxed);
  uint32_t seen = control->answers.load(std::memory_order_relaxed);
  Answer(CarrierState::kParked);
  bool holds_heap = false;
  for (;;) {
    const uint32_t given = control->commands.load(std::memory_order_acquire);
    if (given == seen) {
      Syscall(__NR_futex, &control->commands, FUTEX_WAIT, given, nullptr);
      continue;
    }
    seen = given;
    control->answers.store(given, std::memory_order_relaxed);
    switch (control->command) {
      case CarrierCommand::kHoldStill:
        if (!holds_heap) {
          agent_heap.Lock();
        }
        holds_heap = true;
        Answer(CarrierState::kStill);
        break;
      case CarrierCommand::kRun:
        switch (RunSteps(control, control->begin, control->end)) {
          case StepsEnd::kChild:
            BecomeChild();
            return;
          case StepsEnd::kDone:
            Answer(CarrierState::kDone);
            break;
          case StepsEnd::kFailed:
            Answer(CarrierState::kFailed);
            break;
        }
        break;
      case CarrierCommand::kRelease:
      case CarrierCommand::kGoOn:
        if (holds_heap) {
          agent_heap.UnlockInChild();
        }
        holds_heap = false;
        if (control->command == CarrierCommand::kGoOn) {
          // In this order: another thread may come to the next call at once and say so.
          Answer(CarrierState::kRuns);
          LetOthersGoOn();
          return;
        }
        Answer(CarrierState::kParked);
        break;
      case CarrierCommand::kNone:
        break;
    }
  }
}

// Only this thread is here yet. Whatever fails ends the child: the harness knows why from
// failed_step, and makes the run from the start.
void Snapshot::BecomeChild() {
  SnapshotControl* const control = control_;
  agent_heap.UnlockInChild();
  LetOthersGoOn();
  bool done = RunSteps(control, control->child_begin, control->child_end) == StepsEnd::kDone;
  if (done) {
    const MappedPlan plan = MapPlan(control->text + control->child_plan);
    done = plan.header != nullptr && FollowOtherPlan(plan.header) == nullptr;
    control->failed_step = done ? control->failed_step : kNone;
    if (done) {
      MakeLargeMemoryOwn(control->child_large_pages != 0, control->child_own_files,
                         control->child_own_file_count);
      KnowOwnHugepages(control->child_hugepages, control->child_hugepage_count);
    }
  }
  if (!done) {
    control->child_failed.store(1, std::memory_order_release);
    Syscall(__NR_exit_group, 127);
  }
  // Before another thread goes on: none may ask the carrier's file whether it is to stop.
  control_ = nullptr;
  // The harness gives the other threads their registers meanwhile, and this one another's when it
  // is not the main thread of the carrier.
  Syscall(__NR_tgkill, Syscall(__NR_getpid), Syscall(__NR_gettid), SIGSTOP);
  // The others have needed it until then. One of them may be about to read what is wanted there:
  // nothing.
  Syscall(__NR_mmap, control, PageUp(sizeof(SnapshotControl)), PROT_READ,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

}  // namespace faultline::agent
