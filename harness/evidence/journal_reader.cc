#include "harness/evidence/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/failure.h"

namespace faultline {
namespace {

using protocol::JournalHeader;
using protocol::JournalRecord;
using protocol::kNone;

// Beyond these a number is one that the target wrote over: more steps than a scenario may have, a
// clock that has run for a century.
constexpr uint32_t kMostSteps = 1'000'000;
constexpr uint64_t kLatestNs = uint64_t{100} * 366 * 24 * 3600 * 1'000'000'000;

[[noreturn]] void Refuse(const std::string& what) {
  throw Failure::CannotWork("the journal cannot be read: " + what);
}

// Text in a fixed field that the target could have written over: it may lack its NUL.
template <size_t kSize>
std::string FieldText(const char (&field)[kSize]) {
  return {field, strnlen(field, kSize)};
}

std::string Hexadecimal(const protocol::BuildId& id) {
  std::string text;
  for (uint8_t byte : std::span(id.bytes).first(std::min<size_t>(id.size, sizeof(id.bytes)))) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

// Reads one mapped journal. Everything in it is what the target's process could write, so each
// index and each size is checked where it is used; the header is checked once, by the constructor.
class Reader {
 public:
  Reader(const void* base, uint64_t size, uint32_t points)
      : base_(static_cast<const std::byte*>(base)), points_(points) {
    if (size < sizeof(JournalHeader)) {
      Refuse(fmt::format("{} bytes are too few for its header", size));
    }
    header_ = reinterpret_cast<const JournalHeader*>(base_);
    if (header_->magic != protocol::kJournalMagic) {
      Refuse("it does not start with the journal's magic number");
    }
    if (header_->version != protocol::kJournalVersion) {
      Refuse(fmt::format("it has version {}, this harness reads {}", header_->version,
                         protocol::kJournalVersion));
    }
    if (header_->file_size > size) {
      Refuse(fmt::format("it says {} bytes but has {}", header_->file_size, size));
    }
    hooks_ = Table<protocol::HookState>("hook", header_->hooks_offset, header_->hooks_capacity);
    rules_ = Table<protocol::RuleState>("rule", header_->rules_offset, header_->rules_capacity);
    modules_ =
        Table<protocol::ModuleEntry>("module", header_->modules_offset, header_->modules_capacity);
    stacks_ =
        Table<protocol::StackEntry>("stack", header_->stacks_offset, header_->stacks_capacity);
    sites_ = Table<protocol::SiteEntry>("site", header_->sites_offset, header_->sites_capacity);
    records_ = Table<JournalRecord>("record", header_->records_offset, header_->records_capacity);
  }

  JournalSnapshot Read() {
    out_.agent_state = header_->agent_state.load(std::memory_order_acquire);
    out_.agent_message = FieldText(header_->agent_message);
    out_.target_pid = header_->target_pid.load(std::memory_order_relaxed);
    out_.lost_stacks = header_->lost_stacks.load(std::memory_order_relaxed);
    ReadCounters();
    ReadRecords();
    // After the records: a record's module and site were published before it.
    ReadModules();
    ReadSites();
    return std::move(out_);
  }

 private:
  template <typename T>
  std::span<const T> Table(std::string_view name, uint64_t offset, uint64_t count) const {
    if (offset % alignof(T) != 0 || offset > header_->file_size ||
        count > (header_->file_size - offset) / sizeof(T)) {
      Refuse(fmt::format("its {} table ({} entries at offset {}) lies outside its {} bytes", name,
                         count, offset, header_->file_size));
    }
    return {reinterpret_cast<const T*>(base_ + offset), static_cast<size_t>(count)};
  }

  void ReadCounters() {
    out_.hooks.reserve(hooks_.size());
    for (const protocol::HookState& hook : hooks_) {
      out_.hooks.push_back({hook.status.load(std::memory_order_relaxed),
                            hook.calls.load(std::memory_order_relaxed)});
    }
    out_.rules.reserve(rules_.size());
    for (const protocol::RuleState& rule : rules_) {
      out_.rules.push_back({rule.counted.load(std::memory_order_relaxed),
                            rule.hits.load(std::memory_order_relaxed)});
    }
  }

  void ReadModules() {
    const size_t used =
        std::min<size_t>(header_->modules.load(std::memory_order_acquire), modules_.size());
    for (const protocol::ModuleEntry& entry : modules_.first(used)) {
      JournalModule& module = out_.modules.emplace_back();
      module.path = FieldText(entry.path);
      module.build_id = Hexadecimal(entry.build_id);
      module.base = entry.base;
      module.text_begin = entry.text_begin;
      module.text_end = entry.text_end;
      module.is_main = entry.name_hash == protocol::HashText("");
      module.planned = entry.plan_module != kNone;
    }
  }

  void ReadSites() {
    const size_t claimed =
        std::min<size_t>(header_->sites.load(std::memory_order_acquire), sites_.size());
    for (uint32_t row = 0; row < claimed; ++row) {
      DenseSite(row);
    }
  }

  void ReadRecords() {
    const uint64_t claimed = header_->records.load(std::memory_order_acquire);
    const uint64_t kept = std::min<uint64_t>(claimed, records_.size());
    out_.lost_records = claimed - kept;
    out_.records.reserve(kept);
    for (uint64_t position = 0; position < kept; ++position) {
      const JournalRecord& entry = records_[position];
      if (__atomic_load_n(&entry.sequence, __ATOMIC_ACQUIRE) != position + 1) {
        continue;  // claimed, but its writer has not finished or died
      }
      JournalRecord record = entry;
      record.label[protocol::kLabelSize - 1] = '\0';
      record.step = record.step <= kMostSteps ? record.step : 0;
      record.time_ns = record.time_ns <= kLatestNs ? record.time_ns : 0;
      record.stack = DenseStack(record.stack).value_or(kNone);
      record.site = DenseSite(record.site).value_or(kNone);
      if (record.rule >= rules_.size()) {
        record.rule = kNone;
      }
      out_.records.push_back(record);
    }
  }

  // The index in the snapshot of a row of the table; nullopt when nothing valid is in the row. Only
  // stacks that something refers to are copied.
  std::optional<uint32_t> DenseStack(uint32_t row) {
    if (row >= stacks_.size()) {
      return std::nullopt;
    }
    const protocol::StackEntry& entry = stacks_[row];
    if (entry.hash.load(std::memory_order_acquire) == 0) {
      return std::nullopt;
    }
    uint32_t& index = At(dense_stacks_, row);
    if (index == kNone) {
      index = static_cast<uint32_t>(out_.stacks.size());
      const size_t depth = std::min(entry.depth, protocol::kMaxFrames);
      JournalStack& stack = out_.stacks.emplace_back();
      stack.frames.assign(entry.frames, entry.frames + depth);
      stack.truncated = entry.truncated != 0;
    }
    return index;
  }

  std::optional<uint32_t> DenseSite(uint32_t row) {
    if (row >= sites_.size()) {
      return std::nullopt;
    }
    const protocol::SiteEntry& entry = sites_[row];
    const uint64_t hash = entry.hash.load(std::memory_order_acquire);
    if (hash == 0 || entry.point >= points_) {
      return std::nullopt;
    }
    uint32_t& index = At(dense_sites_, row);
    if (index != kNone) {
      return index;
    }
    const std::optional<uint32_t> stack = DenseStack(entry.stack);
    if (!stack) {
      return std::nullopt;
    }
    index = static_cast<uint32_t>(out_.sites.size());
    out_.sites.push_back({hash, entry.calls.load(std::memory_order_relaxed), entry.point, *stack});
    return index;
  }

  // Rows lie one behind the other, so these grow as far as the tables are used.
  static uint32_t& At(std::vector<uint32_t>& dense, uint32_t row) {
    if (row >= dense.size()) {
      dense.resize(row + 1, kNone);
    }
    return dense[row];
  }

  const std::byte* base_;
  const uint32_t points_;
  const JournalHeader* header_ = nullptr;
  std::span<const protocol::HookState> hooks_;
  std::span<const protocol::RuleState> rules_;
  std::span<const protocol::ModuleEntry> modules_;
  std::span<const protocol::StackEntry> stacks_;
  std::span<const protocol::SiteEntry> sites_;
  std::span<const JournalRecord> records_;
  std::vector<uint32_t> dense_stacks_;  // of a row: its index in the snapshot, or kNone
  std::vector<uint32_t> dense_sites_;
  JournalSnapshot out_;
};

}  // namespace

JournalSnapshot ReadJournal(const void* base, uint64_t size, uint32_t points) {
  return Reader(base, size, points).Read();
}

}  // namespace faultline
