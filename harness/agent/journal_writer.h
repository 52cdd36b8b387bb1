#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "harness/protocol/journal.h"

namespace faultline::agent {

// A call stack reduced to what is the same in every run: see protocol::PackFrame and StackHash.
struct CanonicalStack {
  uint64_t hash = 0;
  uint32_t depth = 0;
  bool truncated = false;
  uint64_t frames[protocol::kMaxFrames];
};

// A site, with the number of the call that asked for it.
struct SiteVisit {
  uint32_t index = protocol::kNone;  // into the site table; kNone when it is full
  uint64_t occurrence = 0;           // 1-based; 0 when not known
};

// The agent's side of the journal. Everything is lock-free and may be called from any thread, and
// in a forked child that shares the mapping, at once. Nothing here allocates or calls libc except
// clock_gettime.
class JournalWriter {
 public:
  constexpr JournalWriter() = default;

  // Adopts the journal of `size` bytes mapped at `base` for a plan with so many hooks and rules.
  // nullptr, or why the journal cannot be used.
  const char* Open(void* base, uint64_t size, uint32_t hooks, uint32_t rules);
  bool is_open() const { return header_ != nullptr; }
  // Makes the pages of records that nobody has written yet inaccessible; Append opens them again, a
  // segment at a time. A target that locks its memory (mlockall(2), as testpmd does) would fetch
  // all of the journal otherwise: 30 ms, measured on ext4. The journal must be a mapping of its
  // own. Before the first Append.
  void CloseUnusedRecords();
  protocol::JournalHeader* header() const { return header_; }

  std::span<protocol::HookState> hooks() const { return hooks_; }
  std::span<protocol::RuleState> rules() const { return rules_; }

  void SetState(protocol::AgentState state);
  // Adds a sentence to agent_message, cut where the room ends. The agent's constructor only.
  void AddMessage(const char* text);

  // Writes one record: sequence, time, pid, tid and step are filled in here. A thread's first
  // record is preceded by its kThread record. Without room the record is counted as lost.
  void Append(protocol::JournalRecord record);

  // The row of the stack in the stack table, kNone when the table is full.
  uint32_t InternStack(const CanonicalStack& stack);

  // Counts one call of `point` by a stack.
  SiteVisit VisitSite(uint64_t site_hash, uint32_t point, uint32_t stack);

  // A fresh row of the module table, nullptr when it is full. One caller at a time; publish the row
  // with PublishModules when it is filled.
  protocol::ModuleEntry* NextModuleRow(uint32_t* row);
  void PublishModules();
  protocol::ModuleEntry& module(uint32_t row) const { return modules_[row]; }

  // In a child just forked: from now on records are the child's and carry kInChild.
  void BecomeChild();
  // In a child just forked that takes the target's place: records stay the target's.
  void BecomeSuccessor();
  // The process whose records this writes.
  uint32_t pid() const { return pid_; }
  bool is_child() const { return child_flag_ != 0; }
  // Whether this runs in that process. A child made by vfork, posix_spawn or a bare clone shares or
  // copies the memory but is another: its few calls before exec are not the target's. A system
  // call, so it is asked only of calls that are about to leave a trace.
  bool InOwnProcess() const;

  void EnterMain() { phase_flag_.store(0, std::memory_order_relaxed); }
  bool before_main() const { return phase_flag_.load(std::memory_order_relaxed) != 0; }

 private:
  template <typename T>
  std::span<T> Table(uint64_t offset, uint64_t count) const;
  void Store(protocol::JournalRecord& record);
  // Makes the record at `position` accessible. False when the kernel refuses.
  bool OpenRecord(uint64_t position);

  protocol::JournalHeader* header_ = nullptr;
  std::span<protocol::HookState> hooks_;
  std::span<protocol::RuleState> rules_;
  std::span<protocol::ModuleEntry> modules_;
  std::span<protocol::StackEntry> stacks_;
  std::span<protocol::SiteEntry> sites_;
  std::span<protocol::HashSlot> stack_slots_;
  std::span<protocol::HashSlot> site_slots_;
  std::span<protocol::JournalRecord> records_;
  std::atomic<uint64_t> open_records_ = 0;  // the first so many are accessible
  uint32_t modules_used_ = 0;
  uint32_t pid_ = 0;
  uint16_t child_flag_ = 0;
  std::atomic<uint16_t> phase_flag_ = protocol::JournalRecord::kBeforeMain;
};

}  // namespace faultline::agent
