#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/protocol/journal.h"
#include "harness/protocol/plan.h"

namespace faultline {

struct JournalModule {
  std::string path;      // of the loaded file; the main program's too
  std::string build_id;  // hexadecimal
  uint64_t base = 0;
  uint64_t text_begin = 0;  // relative to base
  uint64_t text_end = 0;
  bool is_main = false;
  bool planned = false;  // the plan knew it
};

struct JournalStack {
  std::vector<uint64_t> frames;  // protocol::PackFrame, innermost first
  bool truncated = false;
};

struct JournalSite {
  uint64_t hash = 0;
  uint64_t calls = 0;
  uint32_t point = 0;  // index into the plan's points
  uint32_t stack = 0;
};

// A copy of a journal: what was in it when it was read. Values only, no mapping is kept.
struct JournalSnapshot {
  protocol::AgentState agent_state = protocol::AgentState::kAbsent;
  std::string agent_message;
  uint32_t target_pid = 0;
  std::vector<JournalModule> modules;
  std::vector<JournalStack> stacks;              // dense; records refer to these indexes
  std::vector<JournalSite> sites;                // dense, likewise
  std::vector<protocol::JournalRecord> records;  // in order of sequence, holes left out
  uint64_t lost_records = 0;
  uint64_t lost_stacks = 0;
  struct Hook {
    protocol::HookStatus status = protocol::HookStatus::kPending;
    uint64_t calls = 0;
  };
  std::vector<Hook> hooks;  // as the plan's hooks
  struct Rule {
    uint64_t counted = 0;
    uint64_t hits = 0;
  };
  std::vector<Rule> rules;  // as the plan's rules
};

// Copies the journal mapped at `base` (`size` bytes). A torn or foreign file gives a Failure
// (kCannotWork) that says what is wrong; records that were being written when the target died are
// left out, and so are sites of points that the plan's `points` do not have. Safe while the target
// still writes.
JournalSnapshot ReadJournal(const void* base, uint64_t size, uint32_t points = protocol::kNone);

}  // namespace faultline
