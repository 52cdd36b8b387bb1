#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/hooking.h"
#include "harness/run/sandbox.h"
#include "harness/run/snapshot_clearing.h"
#include "harness/run/snapshot_connections.h"
#include "harness/run/snapshot_control.h"
#include "harness/run/snapshot_course.h"
#include "harness/run/snapshot_hugepages.h"
#include "harness/run/snapshot_memory.h"
#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_space.h"
#include "harness/run/snapshot_steps.h"
#include "harness/run/snapshot_timers.h"
#include "harness/run/snapshot_tracer.h"
#include "harness/target/guardian.h"
#include "harness/target/interruption.h"
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
  SnapshotConnections* connections;  // made by Fork()
  int input;  // the harness's descriptors of what is to be its stdin and stdout
  int output;
  bool terminal;
};

// A target that lives the scenario once, without faults, and is forked at the sites that are asked
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

  // Lets it go on until it makes the call, and holds it there. False when the scenario was through
  // before: then it serves nothing any more. `interruption`, when given, ends the wait by
  // Interrupted.
  bool GoTo(const SiteCall& call, Interruption* interruption);
  // The same for the first call.
  bool AwaitStop(Interruption* interruption);
  // Is the call behind it? Threads and clients do not come in the same order each time. It is held.
  bool HasMade(const SiteCall& call) const;
  // Of a scout: until the scenario is through; which calls it has made, in their order.
  std::vector<SiteCall> Explore(Interruption* interruption);
  // Keeps the scenario where it is, for a fork. CannotCarry.
  std::unique_ptr<CarrierCourse::Hold> Hold();
  // Forks it where it is; the course is held. The calling thread traces the child then. CannotCarry
  // says what is in the way; the carrier can go on, unless is_over().
  AdoptedTarget Fork(const ChildPlace& place, const CarrierCourse::Hold& course);

  // Whether forks get large pages; measured when the first could make use of it.
  const std::optional<bool>& large_pages() const { return large_pages_; }
  void SetLargePages(std::optional<bool> large_pages) { large_pages_ = large_pages; }

  bool is_over() const { return over_; }
  // It serves nobody else.
  void Retire() { over_ = true; }
  const Sandbox& sandbox() const { return *sandbox_; }
  const Hooking& hooking() const { return *hooking_; }
  pid_t pid() const { return course_->pid(); }

 private:
  void StopAt(const SiteCall& call);
  // Waits until `met`; false when the course is over before, or nothing has come of it for long.
  bool WaitFor(const std::function<bool()>& met, Interruption* interruption);
  void CheckWhatStaysBehind() const;
  void PrepareItself(SnapshotTracer& tracer);
  bool MapsUnderItsAgent() const;
  void CopyFiles(const ChildPlace& place);
  AdoptedTarget ForkHalted(const ChildPlace& place, const Process& process, SnapshotTracer& tracer);

  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  RunRequest request_;
  SnapshotHugepages hugepages_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<SnapshotControlFile> control_;
  std::unique_ptr<Hooking> hooking_;
  Guardian::Watch watch_;
  std::unique_ptr<CarrierCourse> course_;
  std::unique_ptr<SnapshotSteps> steps_;
  std::vector<OpenFile> files_;  // that it had when it was forked last
  std::vector<Mapping> mappings_;
  std::vector<MemoryRange> made_private_;
  SnapshotClearing clearing_;
  std::optional<bool> large_pages_;
  std::vector<PosixTimer> timers_;
  bool over_ = false;
};

}  // namespace faultline
