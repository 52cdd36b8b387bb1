#include "harness/target/log_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "harness/base/failure.h"

namespace faultline {

LogWatch::LogWatch(int fd, Clock::time_point start, const std::filesystem::path& copy,
                   size_t max_total_bytes)
    : fd_(fd), start_(start), max_total_bytes_(max_total_bytes) {
  if (!copy.empty()) {
    copy_.reset(open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!copy_) {
      throw Failure::FromErrno("cannot create " + copy.native(), errno);
    }
  }
}

bool LogWatch::OnReadable() {
  std::array<char, 65536> bytes;
  while (!at_end_) {
    const ssize_t got = read(fd_, bytes.data(), bytes.size());
    if (got > 0) {
      const std::string_view piece(bytes.data(), static_cast<size_t>(got));
      Copy(piece);
      Take(piece);
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      return true;
    } else {
      at_end_ = true;  // also EIO, which is how a terminal says that nobody has it open any more
    }
  }
  return false;
}

void LogWatch::TakeOver(const LogWatch& other) {
  step_ = other.step_;
  next_index_ = other.next_index_;
  byte_count_ = other.byte_count_;
  partial_active_ = other.partial_active_;
  cut_bytes_ = other.cut_bytes_;
  partial_ = other.partial_;
  head_ = other.head_;
  head_bytes_ = other.head_bytes_;
  tail_ = other.tail_;
  tail_bytes_ = other.tail_bytes_;
  dropped_lines_ = other.dropped_lines_;
  partial_.time_ms = 0;
  for (Entry& entry : head_) {
    entry.line.time_ms = 0;
  }
  for (Entry& entry : tail_) {
    entry.line.time_ms = 0;
  }
}

void LogWatch::Take(std::string_view bytes) {
  byte_count_ += bytes.size();
  while (!bytes.empty()) {
    if (!partial_active_) {
      partial_active_ = true;
      partial_ = {.time_ms = MsSince(start_), .step = step_, .text = {}};
      cut_bytes_ = 0;
    }
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    const size_t kept = std::min(piece.size(), kMaxLineBytes - partial_.text.size());
    partial_.text.append(piece.substr(0, kept));
    cut_bytes_ += piece.size() - kept;
    if (end == std::string_view::npos) {
      return;
    }
    EndLine();
    bytes.remove_prefix(end + 1);
  }
}

void LogWatch::EndLine() {
  if (cut_bytes_ != 0) {
    partial_.text += fmt::format(" [{} more bytes]", cut_bytes_);
  } else if (partial_.text.ends_with('\r')) {
    partial_.text.pop_back();
  }
  partial_active_ = false;
  const size_t cost = sizeof(Entry) + partial_.text.size();
  Entry entry{next_index_++, std::move(partial_)};
  // The first half stays for good, how it began; of the rest the latest, how it ended.
  if (tail_.empty() && head_bytes_ + cost <= max_total_bytes_ / 2) {
    head_bytes_ += cost;
    head_.push_back(std::move(entry));
    return;
  }
  tail_bytes_ += cost;
  tail_.push_back(std::move(entry));
  while (tail_bytes_ > max_total_bytes_ / 2 && tail_.size() > 1) {
    tail_bytes_ -= sizeof(Entry) + tail_.front().line.text.size();
    tail_.pop_front();
    ++dropped_lines_;
  }
}

void LogWatch::Copy(std::string_view bytes) {
  if (!copy_) {
    return;
  }
  bytes = bytes.substr(0, max_total_bytes_ - copied_bytes_);
  copied_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = write(copy_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      throw Failure::FromErrno("cannot write the copy of the target's output", errno);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::optional<size_t> LogWatch::Find(const LinePattern& pattern, size_t from) const {
  const auto matches = [&pattern](const LogLine& line) { return pattern.Matches(line.text); };
  const auto by_index = [](const Entry& entry, size_t index) { return entry.index < index; };
  for (auto it = std::lower_bound(head_.begin(), head_.end(), from, by_index); it != head_.end();
       ++it) {
    if (matches(it->line)) {
      return it->index;
    }
  }
  for (auto it = std::lower_bound(tail_.begin(), tail_.end(), from, by_index); it != tail_.end();
       ++it) {
    if (matches(it->line)) {
      return it->index;
    }
  }
  if (partial_active_ && next_index_ >= from && matches(partial_)) {
    return next_index_;
  }
  return std::nullopt;
}

std::vector<std::string> LogWatch::LinesFrom(size_t index) const {
  std::vector<std::string> lines;
  const auto by_index = [](const Entry& entry, size_t wanted) { return entry.index < wanted; };
  for (auto it = std::lower_bound(head_.begin(), head_.end(), index, by_index); it != head_.end();
       ++it) {
    lines.push_back(it->line.text);
  }
  for (auto it = std::lower_bound(tail_.begin(), tail_.end(), index, by_index); it != tail_.end();
       ++it) {
    lines.push_back(it->line.text);
  }
  return lines;
}

std::vector<LogLine> LogWatch::Lines() const {
  std::vector<LogLine> lines;
  lines.reserve(head_.size() + tail_.size() + 2);
  for (const Entry& entry : head_) {
    lines.push_back(entry.line);
  }
  if (dropped_lines_ != 0) {
    const LogLine& next = tail_.front().line;
    lines.push_back({.time_ms = next.time_ms,
                     .step = next.step,
                     .text = fmt::format("[faultline: {} lines dropped here]", dropped_lines_)});
  }
  for (const Entry& entry : tail_) {
    lines.push_back(entry.line);
  }
  if (partial_active_) {
    lines.push_back(partial_);
  }
  return lines;
}

}  // namespace faultline
