#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "harness/sweep/sweep.h"

namespace faultline {

// Tells how a sweep goes on: on a terminal one line that is written over and over, elsewhere a line
// for each census run, the first plan, each confirmed finding, and now and then in between.
class ProgressLine : public SweepProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // `out` is borrowed. `interval`: between two lines about visits where there is no terminal.
  explicit ProgressLine(std::FILE* out, Clock::duration interval = std::chrono::seconds(10));
  ~ProgressLine() override { Clear(); }

  void CensusRun(int run, size_t sites) override;
  void Begin(size_t plans, size_t done) override;
  void Visited(const StoredRun& run) override;
  void LeftOut(size_t plans) override { plans_ -= std::min(plans, plans_); }
  void Confirmed(const FindingGroup& group) override;
  // Leaves nothing on the terminal's line.
  void Clear();

 private:
  void Show(const std::string& text);
  void Write(const std::string& text);

  std::FILE* const out_;
  const bool is_terminal_;
  const Clock::duration interval_;
  bool shown_ = false;
  size_t plans_ = 0;
  size_t done_ = 0;
  size_t visited_ = 0;
  size_t with_findings_ = 0;
  Clock::time_point begin_;
  Clock::time_point told_;
};

}  // namespace faultline
