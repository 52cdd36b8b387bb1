#include "harness/agent/journal_writer.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <bit>

#include "harness/agent/raw.h"
#include "harness/agent/thread_state.h"

namespace faultline::agent {
namespace {

using namespace protocol;

// How often a thread looks again at a slot that another is filling. A writer needs well under a
// microsecond unless it is descheduled; then yielding lets it run.
constexpr int kPatience = 100'000;

// Records are made accessible so many at a time: 1 MiB.
constexpr uint64_t kSegment = 8192;

// A table that is so full that this many slots in a row are taken counts as full.
constexpr uint64_t kMaxProbes = 1024;

// Waits for the row of a slot, which its writer stores last. That never happens when the writer's
// process has ended: kNone.
uint32_t AwaitRow(const std::atomic<uint64_t>& slot) {
  for (int i = 0; i < kPatience; ++i) {
    const uint64_t word = slot.load(std::memory_order_acquire);
    if (static_cast<uint32_t>(word) != HashSlot::kBeingWritten) {
      return HashSlot::RowOf(word);
    }
    if (i % 64 == 63) {
      Syscall(__NR_sched_yield);
    }
  }
  return kNone;
}

// Takes the next row, has `fill` write it and publishes it. kNone when the table is full.
template <typename Entry, typename Fill>
uint32_t AddRow(std::span<Entry> table, std::atomic<uint32_t>& claimed, uint64_t hash, Fill fill) {
  const uint32_t row = claimed.fetch_add(1, std::memory_order_relaxed);
  if (row >= table.size()) {
    return kNone;
  }
  fill(table[row]);
  table[row].hash.store(hash, std::memory_order_release);
  return row;
}

// The row of `hash`, which `fill` writes when there is none yet; `added` says so. kNone when there
// is no room.
template <typename Entry, typename Fill>
uint32_t FindOrAdd(std::span<Entry> table, std::atomic<uint32_t>& claimed,
                   std::span<HashSlot> slots, uint64_t hash, bool* added, Fill fill) {
  const uint64_t half = hash & HashSlot::kHashHalf;
  *added = false;
  for (uint64_t probe = 0; probe < slots.size() && probe < kMaxProbes; ++probe) {
    std::atomic<uint64_t>& slot = slots[(hash + probe) & (slots.size() - 1)].word;
    uint64_t word = slot.load(std::memory_order_acquire);
    if (word == 0 &&
        slot.compare_exchange_strong(word, half | HashSlot::kBeingWritten,
                                     std::memory_order_acq_rel, std::memory_order_acquire)) {
      const uint32_t row = AddRow(table, claimed, hash, fill);
      *added = row != kNone;
      slot.store(*added ? HashSlot::WordOf(hash, row) : half | HashSlot::kNoRoom,
                 std::memory_order_release);
      return row;
    }
    if ((word & HashSlot::kHashHalf) != half) {
      continue;
    }
    const uint32_t row = AwaitRow(slot);
    if (row >= table.size()) {
      return kNone;
    }
    if (table[row].hash.load(std::memory_order_relaxed) == hash) {
      return row;
    }
  }
  return kNone;
}

// Rows will be looked for all over the slots. In one go their pages cost a fraction of two faults
// for each; a kernel before 5.14 refuses, and they come one by one.
void Populate(std::span<HashSlot> slots) {
  const uint64_t begin = PageDown(reinterpret_cast<uint64_t>(slots.data()));
  const uint64_t end = reinterpret_cast<uint64_t>(slots.data() + slots.size());
  Syscall(__NR_madvise, begin, end - begin, MADV_POPULATE_WRITE);
}

}  // namespace

constinit thread_local ThreadState this_thread = {};

template <typename T>
std::span<T> JournalWriter::Table(uint64_t offset, uint64_t count) const {
  const uint64_t size = header_->file_size;
  if (offset % alignof(T) != 0 || offset > size || count > (size - offset) / sizeof(T)) {
    return {};
  }
  return {reinterpret_cast<T*>(reinterpret_cast<std::byte*>(header_) + offset), count};
}

const char* JournalWriter::Open(void* base, uint64_t size, uint32_t hooks, uint32_t rules) {
  auto* header = static_cast<JournalHeader*>(base);
  if (size < sizeof(JournalHeader) || header->magic != kJournalMagic) {
    return "the journal does not start with its magic number";
  }
  if (header->version != kJournalVersion || header->file_size != size) {
    return "the journal is of another version than this agent, or cut off";
  }
  header_ = header;
  pid_ = static_cast<uint32_t>(Syscall(__NR_getpid));
  hooks_ = Table<HookState>(header->hooks_offset, header->hooks_capacity);
  rules_ = Table<RuleState>(header->rules_offset, header->rules_capacity);
  modules_ = Table<ModuleEntry>(header->modules_offset, header->modules_capacity);
  stacks_ = Table<StackEntry>(header->stacks_offset, header->stacks_capacity);
  sites_ = Table<SiteEntry>(header->sites_offset, header->sites_capacity);
  stack_slots_ = Table<HashSlot>(header->stack_slots_offset, header->stack_slots_capacity);
  site_slots_ = Table<HashSlot>(header->site_slots_offset, header->site_slots_capacity);
  records_ = Table<JournalRecord>(header->records_offset, header->records_capacity);
  if (hooks_.size() < hooks || rules_.size() < rules || modules_.size() > kMaxModules ||
      stacks_.empty() || sites_.empty() || !std::has_single_bit(stack_slots_.size()) ||
      !std::has_single_bit(site_slots_.size())) {
    header_ = nullptr;
    return "the journal's tables do not fit the plan";
  }
  open_records_.store(records_.size(), std::memory_order_relaxed);
  Populate(stack_slots_);
  return nullptr;
}

void JournalWriter::CloseUnusedRecords() {
  const auto begin = reinterpret_cast<uint64_t>(records_.data());
  const uint64_t size = PageDown(records_.size_bytes());
  if (begin % kPageSize == 0 && !IsError(Syscall(__NR_mprotect, begin, size, PROT_NONE))) {
    open_records_.store(0, std::memory_order_relaxed);
  }
}

// Two threads may open the same segment: the kernel does it twice.
bool JournalWriter::OpenRecord(uint64_t position) {
  const uint64_t open = open_records_.load(std::memory_order_relaxed);
  if (position < open) {
    return true;
  }
  const uint64_t end = std::min<uint64_t>(records_.size(), (position / kSegment + 1) * kSegment);
  const auto begin = PageDown(reinterpret_cast<uint64_t>(&records_[open]));
  const uint64_t size = reinterpret_cast<uint64_t>(records_.data() + end) - begin;
  if (IsError(Syscall(__NR_mprotect, begin, size, PROT_READ | PROT_WRITE))) {
    return false;
  }
  uint64_t seen = open;
  while (seen < end && !open_records_.compare_exchange_weak(seen, end, std::memory_order_relaxed)) {
  }
  return true;
}

void JournalWriter::BecomeChild() {
  pid_ = static_cast<uint32_t>(Syscall(__NR_getpid));
  child_flag_ = JournalRecord::kInChild;
  this_thread.tid = 0;
}

void JournalWriter::BecomeSuccessor() {
  pid_ = static_cast<uint32_t>(Syscall(__NR_getpid));
  this_thread.tid = 0;
}

bool JournalWriter::InOwnProcess() const {
  return static_cast<uint32_t>(Syscall(__NR_getpid)) == pid_;
}

void JournalWriter::SetState(AgentState state) {
  header_->agent_state.store(state, std::memory_order_release);
}

void JournalWriter::AddMessage(const char* text) {
  char* const message = header_->agent_message;
  size_t at = 0;
  while (message[at] != '\0') {
    ++at;
  }
  const char* separator = at == 0 ? "" : "; ";
  for (const char* part : {separator, text}) {
    for (; *part != '\0' && at + 1 < sizeof(header_->agent_message); ++part) {
      message[at++] = *part;
    }
  }
  message[at] = '\0';
}

void JournalWriter::Append(JournalRecord record) {
  if (this_thread.tid == 0) {
    this_thread.tid = static_cast<uint32_t>(Syscall(__NR_gettid));
    JournalRecord thread;
    thread.kind = JournalRecord::kThread;
    Syscall(__NR_prctl, PR_GET_NAME, thread.label);
    Store(thread);
  }
  Store(record);
}

void JournalWriter::Store(JournalRecord& record) {
  const uint64_t position = header_->records.fetch_add(1, std::memory_order_relaxed);
  if (position >= records_.size() || !OpenRecord(position)) {
    return;
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  record.time_ns =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
  record.pid = pid_;
  record.tid = this_thread.tid;
  record.step = header_->step.load(std::memory_order_relaxed);
  record.flags = static_cast<uint16_t>(record.flags | child_flag_ |
                                       phase_flag_.load(std::memory_order_relaxed));
  JournalRecord& slot = records_[position];
  record.sequence = 0;
  CopyBytes(&slot, &record, sizeof(record));
  __atomic_store_n(&slot.sequence, position + 1, __ATOMIC_RELEASE);
}

uint32_t JournalWriter::InternStack(const CanonicalStack& stack) {
  bool added = false;
  auto fill = [&](StackEntry& entry) {
    CopyBytes(entry.frames, stack.frames, stack.depth * sizeof(stack.frames[0]));
    entry.depth = stack.depth;
    entry.truncated = stack.truncated ? 1 : 0;
  };
  const uint32_t row = FindOrAdd(stacks_, header_->stacks, stack_slots_, stack.hash, &added, fill);
  if (row == kNone) {
    header_->lost_stacks.fetch_add(1, std::memory_order_relaxed);
  }
  return row;
}

SiteVisit JournalWriter::VisitSite(uint64_t site_hash, uint32_t point, uint32_t stack) {
  bool added = false;
  auto fill = [&](SiteEntry& entry) {
    entry.calls.store(1, std::memory_order_relaxed);
    entry.point = point;
    entry.stack = stack;
  };
  const uint32_t row = FindOrAdd(sites_, header_->sites, site_slots_, site_hash, &added, fill);
  if (row == kNone) {
    header_->lost_stacks.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  const uint64_t before = added ? 0 : sites_[row].calls.fetch_add(1, std::memory_order_relaxed);
  return {row, before + 1};
}

ModuleEntry* JournalWriter::NextModuleRow(uint32_t* row) {
  if (modules_used_ == modules_.size()) {
    return nullptr;
  }
  *row = modules_used_++;
  return &modules_[*row];
}

void JournalWriter::PublishModules() {
  header_->modules.store(modules_used_, std::memory_order_release);
}

}  // namespace faultline::agent
