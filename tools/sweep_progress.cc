#include "tools/sweep_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "harness/store/status.h"

namespace faultline {

ProgressLine::ProgressLine(std::FILE* out, Clock::duration interval)
    : out_(out), is_terminal_(::isatty(::fileno(out)) == 1), interval_(interval) {}

void ProgressLine::CensusRun(int run, size_t sites) {
  Show(fmt::format("census run {}: {} sites", run, sites));
}

void ProgressLine::Begin(size_t plans, size_t done) {
  plans_ = plans;
  done_ = done;
  visited_ = 0;
  begin_ = told_ = Clock::now();
  Show(fmt::format("{} of {} plans", done_, plans_));
}

void ProgressLine::Visited(const StoredRun& run) {
  ++done_;
  ++visited_;
  with_findings_ += run.findings.empty() ? 0 : 1;
  const Clock::time_point now = Clock::now();
  if (!is_terminal_ && now - told_ < interval_) {
    return;
  }
  told_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double left = seconds / static_cast<double>(visited_) *
                      static_cast<double>(plans_ - std::min(plans_, done_));
  Show(fmt::format("{} of {} plans, {} with findings, {:.0f} s left", done_, plans_, with_findings_,
                   left));
}

void ProgressLine::Confirmed(const FindingGroup& group) {
  Show(fmt::format("{} {}: {}", StatusName(StatusOf(group)), group.id, group.title.substr(0, 70)));
}

void ProgressLine::Clear() {
  if (shown_) {
    Write("\r\033[K");
    shown_ = false;
  }
}

void ProgressLine::Show(const std::string& text) {
  Write(is_terminal_ ? "\r\033[K" + text : text + "\n");
  shown_ |= is_terminal_;
}

// Nobody can be told when that fails, and the sweep is worth going on with.
void ProgressLine::Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace faultline
