#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/sweep/sweep.h"

namespace faultline {

// How long the rest of a sweep takes: visits, and confirming and minimising what they have found
// and, as the visits so far let expect, will find. By what was measured, and as long as that is
// little by how long a run and how many of them a finding takes as a rule.
class TimeLeft {
 public:
  using Duration = std::chrono::duration<double>;

  explicit TimeLeft(int jobs) : jobs_(jobs) {}

  void AddVisit(Duration run, Duration since_last);
  void AddConfirmation(Duration since_last);

  // For so many plans and unconfirmed findings. Zero before anything is known.
  Duration Of(size_t plans, double findings) const;
  // Of so many runs.
  Duration OfRuns(int64_t runs) const;

 private:
  const int jobs_;
  double visits_ = 0;
  double visiting_s_ = 0;  // by the clock
  double run_s_ = 0;       // of all runs added up
  double confirmations_ = 0;
  double confirming_s_ = 0;
};

// "50 s", "4 min 10 s", "2 h 5 min"; never "0 s".
std::string DurationText(std::chrono::duration<double> duration);

// Tells how a sweep goes on: on a terminal one line that is written over and over and is never
// wider than it, elsewhere a line for each census run, the first plan, and now and then in between.
// A finding has a line of its own when it is seen first, and when it is confirmed or is not.
class ProgressLine : public SweepProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // `out` is borrowed. `interval`: between two lines about visits where there is no terminal.
  explicit ProgressLine(std::FILE* out, int jobs = 1,
                        Clock::duration interval = std::chrono::seconds(10));
  ~ProgressLine() override;

  // The sweep ends with it, however much is left.
  void SetBudget(const Budget& budget);
  // What the store has from an earlier command.
  void Resume(const std::vector<StoredRun>& runs, const std::vector<FindingGroup>& findings);

  void CensusRun(int run, size_t sites) override;
  void Begin(size_t plans, size_t done) override;
  void Visited(const StoredRun& run) override;
  void LeftOut(size_t plans) override;
  void Confirmed(const FindingGroup& group) override;
  // Leaves nothing on the terminal's line.
  void Clear();

 private:
  void ShowLine();
  void Tell(const std::string& text);
  void Write(const std::string& text);
  // Parts of the line, the most important first.
  std::vector<std::string> Parts() const;
  std::string FindingCounts() const;
  std::string TimeLeftText(size_t plans) const;
  double ExpectedFindings(size_t plans) const;
  size_t Unconfirmed() const { return unconfirmed_.size(); }
  void Tick();

  std::FILE* const out_;
  const bool can_rewrite_;
  const Clock::duration interval_;
  const int jobs_;

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  bool shown_ = false;
  bool begun_ = false;
  size_t plans_ = 0;
  size_t done_ = 0;
  size_t visited_ = 0;
  std::set<std::string> sites_;
  std::map<std::string, std::string> seen_;  // kind of each finding, by signature
  std::set<std::string> unconfirmed_;        // signatures
  TimeLeft left_;
  Budget budget_;
  size_t seen_now_ = 0;   // findings that this command saw first
  size_t confirmed_ = 0;  // by this command
  Clock::time_point begin_;
  Clock::time_point last_event_;
  Clock::time_point told_;
  std::thread ticker_;  // the time left goes down though nothing happens
};

}  // namespace faultline
