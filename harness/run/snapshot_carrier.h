#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/hooking.h"
#include "harness/run/sandbox.h"
#include "harness/run/snapshot_control.h"
#include "harness/run/snapshot_memory.h"
#include "harness/run/snapshot_space.h"
#include "harness/run/snapshot_steps.h"
#include "harness/run/snapshot_tracer.h"
#include "harness/target/guardian.h"
#include "harness/target/process.h"

namespace faultline {

// One occurrence of a site.
struct SiteCall {
  uint64_t site = 0;
  uint64_t occurrence = 0;
  friend auto operator<=>(const SiteCall&, const SiteCall&) = default;
};

// Where a child of a carrier is to live; all is borrowed.
struct ChildPlace {
  Sandbox* sandbox;
  SnapshotSpace* space;
  Hooking* hooking;
  int input;  // the harness's descriptors of what is to be its stdin and stdout
  int output;
  bool terminal;
};

// A target that lives its start once, without faults, and is forked at the sites that are asked
// for. One thread at a time, but for Fork(), which its caller leaves to the thread that traces the
// child.
class Carrier {
 public:
  // `request`: a run of the scenario; it is copied. It stops at `first`; without one it stops
  // nowhere and records all calls, a scout. Failure when it cannot be started.
  Carrier(const RunRequest& request, std::optional<SiteCall> first);
  ~Carrier();
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // Lets it go on until it makes the call, and holds it there. False when it was ready or had ended
  // before: then it serves nothing any more.
  bool GoTo(const SiteCall& call);
  // The same for the first call.
  bool AwaitStop();
  // Of a scout: until it is ready; which calls it has made until then, in their order.
  std::vector<SiteCall> Explore();
  // Forks it where it is. The calling thread traces the child then. CannotCarry says what is in the
  // way; the carrier can go on, unless is_over().
  AdoptedTarget Fork(const ChildPlace& place);

  bool is_over() const { return over_; }
  const Sandbox& sandbox() const { return *sandbox_; }
  const Hooking& hooking() const { return *hooking_; }
  pid_t pid() const { return process_->pid(); }

 private:
  void StopAt(const SiteCall& call);
  void TakeIn();
  bool IsReady() const;
  // Waits until `met`; false when the carrier has ended, or is ready and does no more.
  bool WaitFor(const std::function<bool()>& met);
  void CheckWhatStaysBehind() const;
  void MakeMemoryPrivate(SnapshotTracer& tracer);
  void CopyFiles(const ChildPlace& place);
  void SayAgain(const ChildPlace& place);
  // Steps from the first up to the second.
  using Steps = std::pair<uint32_t, uint32_t>;
  Steps WriteFork(const ChildPlace& place);
  Steps WriteChild(const ChildPlace& place, const SnapshotTracer& tracer);
  void WriteThread(const ChildPlace& place, const ThreadImage& thread);

  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  RunRequest request_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<SnapshotControlFile> control_;
  std::unique_ptr<Hooking> hooking_;
  std::unique_ptr<Process> process_;
  Guardian::Watch watch_;
  std::unique_ptr<SnapshotSteps> steps_;
  std::vector<Mapping> mappings_;
  std::vector<MemoryRange> made_private_;
  std::string said_;                             // all that it has printed
  std::vector<SnapshotSteps::Argument> opened_;  // for the fork: the child has them too
  bool over_ = false;
};

}  // namespace faultline
