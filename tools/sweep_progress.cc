#include "tools/sweep_progress.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "harness/base/terminal.h"
#include "harness/report/text.h"
#include "harness/report/wrap.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

// Three reruns, one to shorten the scenario, then one or two for each step that may be left out:
// a guess, until the sweep has measured its own.
constexpr double kRunsPerConfirmation = 10;
// What is measured of the first few is no average: that a rule holds counts as much as so many.
constexpr double kVisitsThatARuleCounts = 10;
constexpr double kConfirmationsThatARuleCounts = 3;
// Of visits still to be made findings come more seldom than of those made: one cause has many
// places.
constexpr double kNewFindings = 0.5;
// Before this many seconds a rate is a guess.
constexpr double kRateAfterSeconds = 2;

using Seconds = std::chrono::duration<double>;

}  // namespace

void TimeLeft::AddVisit(Duration run, Duration since_last) {
  visits_ += 1;
  run_s_ += run.count();
  visiting_s_ += since_last.count();
}

void TimeLeft::AddConfirmation(Duration since_last) {
  confirmations_ += 1;
  confirming_s_ += since_last.count();
}

TimeLeft::Duration TimeLeft::Of(size_t plans, double findings) const {
  if (visits_ == 0) {
    return Duration(confirmations_ > 0 ? confirming_s_ / confirmations_ * findings : 0);
  }
  const double run = run_s_ / visits_;
  const double per_visit =
      (visiting_s_ + kVisitsThatARuleCounts * run / jobs_) / (visits_ + kVisitsThatARuleCounts);
  // As many at a time as there are CPUs, but each takes one run after the other.
  const double at_a_time = std::clamp<double>(findings, 1, jobs_);
  const double per_finding =
      (confirming_s_ + kConfirmationsThatARuleCounts * kRunsPerConfirmation * run / at_a_time) /
      (confirmations_ + kConfirmationsThatARuleCounts);
  return Duration(per_visit * static_cast<double>(plans) + per_finding * findings);
}

TimeLeft::Duration TimeLeft::OfRuns(int64_t runs) const {
  return Duration(visits_ > 0 ? static_cast<double>(runs) * run_s_ / visits_ / jobs_ : 0);
}

std::string DurationText(std::chrono::duration<double> duration) {
  const auto seconds = static_cast<int64_t>(std::max(1.0, std::ceil(duration.count())));
  if (seconds < 60) {
    return fmt::format("{} s", seconds);
  }
  if (seconds < 3600) {
    return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  }
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

ProgressLine::ProgressLine(std::FILE* out, int jobs, Clock::duration interval)
    : out_(out),
      can_rewrite_(CanRewriteLines(::fileno(out))),
      interval_(interval),
      jobs_(jobs),
      left_(jobs),
      begin_(Clock::now()),
      last_event_(begin_),
      told_(begin_) {
  if (can_rewrite_) {
    ticker_ = std::thread([this] { Tick(); });
  }
}

ProgressLine::~ProgressLine() {
  Clear();
  if (ticker_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopping_.notify_all();
    ticker_.join();
  }
}

void ProgressLine::Tick() {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; })) {
    if (shown_ && begun_) {
      ShowLine();
    }
  }
}

void ProgressLine::SetBudget(const Budget& budget) {
  const std::lock_guard lock(mutex_);
  budget_ = budget;
}

void ProgressLine::Resume(const std::vector<StoredRun>& runs,
                          const std::vector<FindingGroup>& findings) {
  const std::lock_guard lock(mutex_);
  for (const StoredRun& run : runs) {
    sites_.insert(run.site);
    if (run.alike.empty()) {
      const Seconds took = std::chrono::milliseconds(run.duration_ms);
      left_.AddVisit(took, took / jobs_);
    }
  }
  for (const FindingGroup& group : findings) {
    seen_[group.signature] = group.kind;
    if (StatusOf(group) == FindingStatus::kNotTried) {
      unconfirmed_.insert(group.signature);
    }
  }
}

void ProgressLine::CensusRun(int run, size_t sites) {
  const std::lock_guard lock(mutex_);
  const std::string text = fmt::format("census run {}: {} sites", run, sites);
  if (can_rewrite_) {
    Write("\r\033[K" + text);
    shown_ = true;
  } else {
    Write(text + "\n");
  }
}

void ProgressLine::Begin(size_t plans, size_t done) {
  const std::lock_guard lock(mutex_);
  plans_ = plans;
  done_ = done;
  visited_ = 0;
  begun_ = true;
  begin_ = last_event_ = told_ = Clock::now();
  ShowLine();
}

void ProgressLine::Visited(const StoredRun& run) {
  const std::lock_guard lock(mutex_);
  ++done_;
  ++visited_;
  sites_.insert(run.site);
  const Clock::time_point now = Clock::now();
  left_.AddVisit(std::chrono::milliseconds(run.duration_ms), now - last_event_);
  last_event_ = now;
  for (const StoredFinding& finding : run.findings) {
    if (seen_.try_emplace(finding.signature, finding.kind).second) {
      unconfirmed_.insert(finding.signature);
      ++seen_now_;
      Tell(
          fmt::format("seen {} {}: {}", FindingId(finding.signature), finding.kind, finding.title));
    }
  }
  if (can_rewrite_ || now - told_ >= interval_) {
    told_ = now;
    ShowLine();
  }
}

void ProgressLine::LeftOut(size_t plans) {
  const std::lock_guard lock(mutex_);
  plans_ -= std::min(plans, plans_);
}

void ProgressLine::Confirmed(const FindingGroup& group) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  left_.AddConfirmation(now - last_event_);
  last_event_ = now;
  seen_[group.signature] = group.kind;
  unconfirmed_.erase(group.signature);
  ++confirmed_;
  Tell(fmt::format("{} {} {}: {}", StatusName(StatusOf(group)), group.id, group.kind, group.title));
  if (can_rewrite_ || (now - told_ >= interval_ && begun_)) {
    told_ = now;
    ShowLine();
  }
}

void ProgressLine::Clear() {
  const std::lock_guard lock(mutex_);
  if (shown_) {
    Write("\r\033[K");
    shown_ = false;
  }
}

std::string ProgressLine::FindingCounts() const {
  std::map<std::string, size_t> kinds;
  for (const auto& [signature, kind] : seen_) {
    ++kinds[kind];
  }
  std::vector<std::string> counts;
  const std::set<std::string_view> nouns = {"leak", "hang", "double-free", "expectation"};
  for (const auto& [kind, count] : kinds) {
    const std::string_view ending = count == 1          ? ""
                                    : kind == "crash"   ? "es"
                                    : nouns.count(kind) ? "s"
                                                        : "";
    counts.push_back(fmt::format("{} {}{}", count, kind, ending));
  }
  return counts.empty() ? "no findings" : fmt::format("{}", fmt::join(counts, ", "));
}

double ProgressLine::ExpectedFindings(size_t plans) const {
  return kNewFindings * static_cast<double>(seen_now_) * static_cast<double>(plans) /
         (static_cast<double>(visited_) + kVisitsThatARuleCounts);
}

// "40 s left", or "40 s of the budget left" when that ends before the work does; "" when nothing
// is known.
std::string ProgressLine::TimeLeftText(size_t plans) const {
  const double findings = static_cast<double>(Unconfirmed()) + ExpectedFindings(plans);
  const Seconds all = left_.Of(plans, findings);
  if (all.count() <= 0) {
    return "";
  }
  // What was spent on the next event already is no longer left. What takes longer than it should
  // has about as long again before it.
  const Clock::time_point now = Clock::now();
  const Seconds spent = now - last_event_;
  const Seconds left = std::max(all - spent, spent / 2);
  Seconds budget = Seconds::max();
  if (budget_.time_ms != Budget().time_ms) {
    budget = std::chrono::milliseconds(budget_.time_ms) - (now - begin_);
  }
  if (budget_.runs != Budget().runs) {
    const auto made = static_cast<int64_t>(static_cast<double>(visited_) +
                                           kRunsPerConfirmation * static_cast<double>(confirmed_));
    budget = std::min(budget, left_.OfRuns(std::max<int64_t>(0, budget_.runs - made)));
  }
  return budget < left ? DurationText(budget) + " of the budget left"
                       : DurationText(left) + " left";
}

std::vector<std::string> ProgressLine::Parts() const {
  const size_t plans = plans_ - std::min(plans_, done_);
  std::vector<std::string> parts = {fmt::format("{} of {} plans", done_, plans_)};
  const Clock::time_point now = Clock::now();
  if (plans == 0 && Unconfirmed() > 0) {
    parts.push_back(fmt::format("confirming {}", Unconfirmed()));
  }
  if (plans + Unconfirmed() == 0) {
    parts.push_back("done");
  } else if (const std::string left = TimeLeftText(plans); !left.empty()) {
    parts.push_back(left);
  }
  parts.push_back(FindingCounts());
  parts.push_back(fmt::format("{} {}", sites_.size(), sites_.size() == 1 ? "site" : "sites"));
  const double seconds = Seconds(now - begin_).count();
  if (seconds >= kRateAfterSeconds && plans > 0) {
    parts.push_back(fmt::format("{:.1f} plans/s", static_cast<double>(visited_) / seconds));
  }
  return parts;
}

void ProgressLine::ShowLine() {
  std::string text;
  // One column less: at the last one some terminals go to the next line.
  const size_t width = can_rewrite_ ? TextWidth(::fileno(out_)) - 1 : std::string::npos;
  for (const std::string& part : Parts()) {
    const std::string longer = text.empty() ? part : text + ", " + part;
    if (DisplayWidth(longer) > width) {
      break;
    }
    text = longer;
  }
  Write(can_rewrite_ ? "\r\033[K" + text : Wrapped(text, ProseWidth(::fileno(out_))));
  shown_ = can_rewrite_;
}

// A line that stays; the caller shows the other again.
void ProgressLine::Tell(const std::string& text) {
  const std::string clean = EscapeControls(text);
  if (!can_rewrite_) {
    Write(Wrapped(clean, ProseWidth(::fileno(out_)), 4));
    return;
  }
  Write("\r\033[K" + Wrapped(clean, TextWidth(::fileno(out_)) - 1, 4));
}

// Nobody can be told when that fails, and the sweep is worth going on with.
void ProgressLine::Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace faultline
