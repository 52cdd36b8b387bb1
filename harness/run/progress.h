#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/run/hooking.h"
#include "harness/target/clock.h"
#include "harness/target/log_watch.h"

namespace faultline {

// Whether a target gets on. CPU time says nothing: a reactor that waits for nothing but an event
// spins. What counts, and what is what an idle target does as well:
// - a call at a fault's place, made to fail or not; but not of a point that waits
//   (FaultPoint::waits): a loop around epoll_wait is idle;
// - an event in the journal; but not more than kMostAlike of one kind from one place, nor a call
//   that made nothing (an accept without a client), nor a call that a fault hit, which was counted;
// - a line of the log; but none that came kMostAlikeLines times but for its numbers: some poller
//   says it from time to time;
// - data read or written by system calls (/proc/PID/io), at least 1 MiB/s besides its log: below
//   that lie wake-ups.
class ProgressMeter {
 public:
  static constexpr int kMostAlike = 16;
  static constexpr int kMostAlikeLines = 3;

  // All is borrowed; `hooking` may want nothing.
  ProgressMeter(pid_t pid, const LogWatch& log, Hooking& hooking, const RunRequest& request);

  // How it has got on since the last call, as a clause; nullopt when it has not.
  std::optional<std::string> Look();

  // What it did when it got on last, if that was to call again what was made to fail.
  struct Retry {
    std::string point;
    uint64_t calls = 0;  // made to fail since StartCounting()
  };
  const std::optional<Retry>& retry() const { return last_; }
  void StartCounting();
  void SetPid(pid_t pid) { pid_ = pid; }

 private:
  struct RuleCounts {
    std::string point;
    bool waits = false;
    uint64_t counted = 0;
    uint64_t hits = 0;
    uint64_t hits_at_start = 0;
  };

  std::optional<std::string> LookAtFaults();
  std::optional<std::string> LookAtJournal();
  std::optional<std::string> LookAtLog();
  std::optional<std::string> LookAtData();
  bool IsEvent(const protocol::JournalRecord& record);
  const FaultPoint* PointOf(const std::string& fault_id) const;  // nullptr when it is not known

  pid_t pid_;
  const LogWatch& log_;
  Hooking& hooking_;
  const RunRequest& request_;
  std::vector<RuleCounts> rules_;  // as the plan's
  std::optional<Retry> tried_again_;
  std::optional<Retry> last_;
  uint64_t next_record_ = 0;
  std::map<std::tuple<uint16_t, uint32_t, uint32_t>, int> alike_;  // kind, index, stack
  size_t next_line_ = 0;
  std::map<std::string, int> lines_;
  Clock::time_point last_data_look_;
  uint64_t last_data_ = 0;
};

}  // namespace faultline
