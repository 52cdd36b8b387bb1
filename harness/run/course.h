#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/run/companions.h"
#include "harness/run/executor.h"
#include "harness/run/run_place.h"
#include "harness/run/seat.h"
#include "harness/run/shared_files.h"
#include "harness/target/event_loop.h"

namespace faultline {

// What became of one course.
struct Attempt {
  Evidence evidence;
  bool missed_hooks = false;  // a late library has functions that should have been hooked
  // Programs that are the targets, rather than those that were hooked, by target; empty for one of
  // which it is only known that what was remembered is wrong. Nothing else is filled in then.
  std::map<std::string, Executed> executed = {};
};

// One run, from its preparations to the end of the last target: all targets with their lives, the
// companions, and the steps, one after the other. One thread, which waits for events of all of
// them.
class Course {
 public:
  // Prepares the run and starts its companions. All is borrowed.
  Course(const RunRequest& request, Interruption* interruption);
  ~Course();
  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;

  Attempt Run();  // once

 private:
  void MakeSeats();
  Seat& SeatOf(const Step& step);
  bool Abandon();  // true: it did
  bool Start(Seat& seat, std::optional<size_t> step);
  bool StartAgain(size_t index);  // false: it came to an end, see Attempt::executed
  void DoStep(Seat& seat, size_t index);
  void BeginStep(int index, const std::string& name);
  bool EndSeat(Seat& seat, std::optional<int> signal);
  bool EndAll();
  // Looks into the directories that targets share, as one is about to start or has ended.
  void LookAtShared();
  // What is left in the directory of `owner` is told with the target whose name it bears, or that
  // alone can have made it.
  Seat* FirstOpener(const std::string& left, const Seat& owner);
  void TellLeft(Seat& owner);
  Attempt Conclude();

  const RunRequest& request_;
  Interruption* interruption_;
  Interruption* beside_debugger_;  // Ctrl-C belongs to gdb while that has the terminal
  EventLoop loop_;
  std::unique_ptr<RunPlace> place_;  // of several targets
  std::deque<Seat> seats_;
  std::unique_ptr<Companions> companions_;  // behind the sandboxes: gone before their directories
  std::vector<Seat*> started_;              // those that are live, the last started last
  std::map<const Seat*, SharedFiles> shared_;  // by the one whose directory it is
  bool failed_ = false;                        // a step since the last start of any target
  std::set<const Seat*> failed_at_;  // targets of which a step failed since their last start
  Attempt attempt_;
};

}  // namespace faultline
