#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "harness/evidence/journal_layout.h"
#include "harness/evidence/journal_reader.h"

namespace faultline {

// The harness's side of one run's journal: creates the file, steers the agent by it, reads it. Owns
// the mapping; move-only. SetStep, Arm and Disarm may be called from any thread, also while the
// target runs.
class JournalFile {
 public:
  // Creates `path` (mode 0600; it must not exist) for a run under the plan file `plan`
  // (protocol/plan.h): as many hooks and rules as it has, its rules armed as armed_at_start says.
  // Failure: kCannotWork when the file cannot be made or `plan` is not a plan.
  static JournalFile Create(const std::filesystem::path& path, std::span<const std::byte> plan,
                            const JournalCapacities& capacities = {});

  JournalFile(JournalFile&& other) noexcept;
  JournalFile& operator=(JournalFile&& other) noexcept;
  ~JournalFile();

  // The step that is going on, 1-based; the agent stamps it on every record.
  void SetStep(uint32_t step);
  // The process `pid` has taken the target's place; `settled`: it forks itself no more.
  void SetTarget(uint32_t pid, bool settled);
  // `rule` is an index into PlanHeader::rules; out of range is std::out_of_range. A rule that was
  // not armed counts its calls from one again; one that is armed goes on.
  void Arm(uint32_t rule);
  void Disarm(uint32_t rule);
  // While it is paused no rule hits, and calls count for no rule and no site: what the target does
  // meanwhile is not part of the run. Resume arms what was armed, without counting anew. Not to be
  // nested, and not beside Arm and Disarm.
  void Pause();
  void Resume();

  protocol::AgentState agent_state() const;
  // Of all hooks so far.
  uint64_t CallsOfHooks() const;
  // How many calls `rule` has hit so far.
  uint64_t Hits(uint32_t rule) const;
  struct RuleCounters {
    uint64_t counted = 0;  // calls that met its filters since it was armed last
    uint64_t hits = 0;
  };
  RuleCounters Counters(uint32_t rule) const;  // out of range: std::out_of_range
  // How many calls the site has seen so far, as far as they were followed to it.
  uint64_t CallsOfSite(uint64_t site) const;
  // JournalHeader::unlike_shared.
  bool UnlikeShared() const { return header()->unlike_shared != 0; }
  // How many records there are.
  uint64_t RecordCount() const;
  // What was written from record `position` (0 = the first) on, but for what is being written just
  // now; `position` is then behind the last.
  std::vector<protocol::JournalRecord> RecordsFrom(uint64_t& position) const;
  // A copy of what is in it now, as far as it makes sense: the target may have written over any of
  // it, which agent_message says of the header. Failure (kCannotWork) when the file was cut.
  JournalSnapshot Read() const;
  // Takes over all that `other` has, which step goes on too, but not which rules there are and are
  // armed. Nobody writes to either meanwhile. False when the two are laid out differently.
  bool TakeOver(const JournalFile& other);
  // Says that the evidence has been taken (JournalHeader::closed).
  void MarkClosed();

 private:
  JournalFile(int fd, void* base, uint64_t size) : fd_(fd), base_(base), size_(size) {}
  protocol::JournalHeader* header() const { return static_cast<protocol::JournalHeader*>(base_); }
  std::atomic<uint64_t>& ArmedWord(uint32_t rule);
  void Release();
  bool RepairLayout() const;

  int fd_ = -1;  // kept to see a truncation before it becomes a SIGBUS here
  void* base_ = nullptr;
  uint64_t size_ = 0;
  // In the mapping; the target may damage its header.
  std::span<protocol::RuleState> rules_;
  std::span<const protocol::SiteEntry> sites_;
  std::span<const protocol::HashSlot> site_slots_;
  std::span<const protocol::JournalRecord> records_;
  // The header up to agent_state, as it was made: the target has no business there.
  std::array<std::byte, offsetof(protocol::JournalHeader, agent_state)> layout_ = {};
  uint32_t points_ = 0;  // of the plan
  std::array<uint64_t, 4> armed_before_pause_ = {};
};

}  // namespace faultline
