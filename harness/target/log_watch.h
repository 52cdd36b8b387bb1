#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/line_pattern.h"
#include "harness/base/unique_fd.h"
#include "harness/evidence/evidence.h"
#include "harness/target/clock.h"

namespace faultline {

// Collects what a target prints: lines with the time they came, and a raw copy in a file. Memory
// and disk are bounded whatever the target prints. Not thread-safe.
class LogWatch {
 public:
  static constexpr size_t kMaxLineBytes = size_t{64} << 10;   // the rest of a line is dropped
  static constexpr size_t kMaxTotalBytes = size_t{64} << 20;  // of lines kept, and of the raw copy

  // Reads from `fd` (borrowed, non-blocking); times count from `start`. The raw copy goes to
  // `copy`, "" = none. Failure when that cannot be created.
  LogWatch(int fd, Clock::time_point start, const std::filesystem::path& copy = {},
           size_t max_total_bytes = kMaxTotalBytes);

  // Reads all that is there; never blocks. False at the end (a closed pipe or terminal), when the
  // descriptor must leave the event loop.
  bool OnReadable();
  bool at_end() const { return at_end_; }

  // Begins with what `other` has read, at the time 0; before anything was read. For a target that
  // has been forked.
  void TakeOver(const LogWatch& other);

  // Lines that begin from now on belong to this step (LogLine::step).
  void set_step(int step) { step_ = step; }

  // Number of lines begun so far, dropped ones included, and an incomplete last one too. A mark for
  // Find().
  size_t line_count() const { return next_index_ + (partial_active_ ? 1 : 0); }
  // Index of the first line from `from` on that has a match; the incomplete last line (a prompt)
  // counts. Lines that were dropped are not found.
  std::optional<size_t> Find(const LinePattern& pattern, size_t from) const;

  // Whole lines from `index` on, in order; lines that were dropped are left out.
  std::vector<std::string> LinesFrom(size_t index) const;
  size_t whole_line_count() const { return next_index_; }
  // Of all that was read.
  size_t byte_count() const { return byte_count_; }

  // All lines in order; where some were dropped one line says how many. An incomplete last line is
  // the last.
  std::vector<LogLine> Lines() const;

 private:
  struct Entry {
    size_t index;
    LogLine line;
  };

  void Take(std::string_view bytes);
  void EndLine();
  void Copy(std::string_view bytes);

  int fd_;
  Clock::time_point start_;
  size_t max_total_bytes_;
  UniqueFd copy_;
  size_t copied_bytes_ = 0;
  bool at_end_ = false;
  int step_ = 0;
  size_t next_index_ = 0;
  size_t byte_count_ = 0;
  bool partial_active_ = false;
  size_t cut_bytes_ = 0;
  LogLine partial_;
  std::vector<Entry> head_;
  size_t head_bytes_ = 0;
  std::deque<Entry> tail_;
  size_t tail_bytes_ = 0;
  size_t dropped_lines_ = 0;
};

}  // namespace faultline
