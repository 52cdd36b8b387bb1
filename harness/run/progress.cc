#include "harness/run/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "harness/oracle/signature.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr uint64_t kLeastDataPerSecond = uint64_t{1} << 20;
// A target may print a million different lines.
constexpr size_t kMostLinesKept = 10'000;
constexpr size_t kMostLineBytes = 200;  // of one, for people

std::string Times(uint64_t count) { return fmt::format("{} time{}", count, count == 1 ? "" : "s"); }

uint64_t IoField(const std::string& io, const std::string& name) {
  const size_t at = io.find(name + ": ");
  return at == std::string::npos ? 0
                                 : std::strtoull(io.c_str() + at + name.size() + 2, nullptr, 10);
}

// What system calls have read and written, but for what came to us as its log.
uint64_t DataMoved(pid_t pid, const LogWatch& log) {
  const std::string io = ReadProcFile(pid, "io");
  const uint64_t all = IoField(io, "rchar") + IoField(io, "wchar");
  return all - std::min<uint64_t>(all, log.byte_count());
}

}  // namespace

ProgressMeter::ProgressMeter(pid_t pid, const LogWatch& log, Hooking& hooking,
                             const RunRequest& request)
    : pid_(pid), log_(log), hooking_(hooking), request_(request) {}

const FaultPoint* ProgressMeter::PointOf(const std::string& fault_id) const {
  const auto fault = std::find_if(request_.faults.begin(), request_.faults.end(),
                                  [&](const Fault& one) { return one.id == fault_id; });
  return fault == request_.faults.end() ? nullptr : request_.catalogue.FindPoint(fault->point);
}

std::optional<std::string> ProgressMeter::Look() {
  std::optional<std::string> first;
  for (const auto look : {&ProgressMeter::LookAtFaults, &ProgressMeter::LookAtJournal,
                          &ProgressMeter::LookAtLog, &ProgressMeter::LookAtData}) {
    std::optional<std::string> seen = (this->*look)();  // each takes note of what is new
    first = first ? first : std::move(seen);
  }
  if (first) {
    last_ = tried_again_;
  }
  return first;
}

void ProgressMeter::StartCounting() {
  LookAtFaults();
  last_.reset();
  for (RuleCounts& rule : rules_) {
    rule.hits_at_start = rule.hits;
  }
}

std::optional<std::string> ProgressMeter::LookAtFaults() {
  if (!hooking_.wanted()) {
    return std::nullopt;
  }
  if (rules_.empty()) {
    for (const std::string& id : hooking_.plan().faults) {
      const FaultPoint* point = PointOf(id);
      rules_.push_back({point == nullptr ? id : point->name, point != nullptr && point->waits});
    }
  }
  std::optional<std::string> progress;
  tried_again_.reset();
  for (size_t i = 0; i < rules_.size(); ++i) {
    RuleCounts& rule = rules_[i];
    const JournalFile::RuleCounters now = hooking_.journal().Counters(static_cast<uint32_t>(i));
    const bool hit = now.hits > rule.hits;
    const bool called = now.counted > rule.counted;
    rule.hits = now.hits;
    rule.counted = now.counted;
    if (rule.waits || (!hit && !called)) {
      continue;
    }
    progress = hit ? fmt::format("{} was made to fail {}", rule.point, Times(now.hits))
                   : fmt::format("{} was called {}", rule.point, Times(now.counted));
    if (hit) {
      tried_again_ = Retry{rule.point, now.hits - rule.hits_at_start};
    }
  }
  return progress;
}

// Each of one kind and place a few times only; see above.
bool ProgressMeter::IsEvent(const JournalRecord& record) {
  if (record.kind == JournalRecord::kInjected || record.kind == JournalRecord::kOpenFile) {
    return false;
  }
  const bool made_nothing =
      record.kind == JournalRecord::kObserved && static_cast<int32_t>(record.result) == -1;
  return !made_nothing && ++alike_[{record.kind, record.index, record.stack}] <= kMostAlike;
}

std::optional<std::string> ProgressMeter::LookAtJournal() {
  if (!hooking_.wanted()) {
    return std::nullopt;
  }
  std::optional<std::string> progress;
  for (const JournalRecord& record : hooking_.journal().RecordsFrom(next_record_)) {
    if (IsEvent(record)) {
      const std::vector<std::string>& observers = hooking_.plan().observers;
      progress = record.kind == JournalRecord::kObserved && record.index < observers.size()
                     ? "last seen: " + observers[record.index]
                     : "its calls reach new places";
    }
  }
  return progress;
}

std::optional<std::string> ProgressMeter::LookAtLog() {
  std::optional<std::string> progress;
  for (const std::string& line : log_.LinesFrom(next_line_)) {
    if (lines_.size() < kMostLinesKept && ++lines_[NormaliseMessage(line)] <= kMostAlikeLines) {
      progress = "it said: " + line.substr(0, kMostLineBytes);
    }
  }
  next_line_ = log_.whole_line_count();
  return progress;
}

std::optional<std::string> ProgressMeter::LookAtData() {
  const Clock::time_point now = Clock::now();
  const uint64_t data = DataMoved(pid_, log_);
  const uint64_t moved = data - std::min(data, last_data_);
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(1, MsSince(last_data_look_)));
  const bool much = last_data_look_ != Clock::time_point() && moved >= kLeastDataPerSecond / 10 &&
                    moved * 1000 / ms >= kLeastDataPerSecond;
  last_data_look_ = now;
  last_data_ = data;
  return much ? std::optional(fmt::format("it reads and writes, {} KiB in {} ms", moved / 1024, ms))
              : std::nullopt;
}

}  // namespace faultline
