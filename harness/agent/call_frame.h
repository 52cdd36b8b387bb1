#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/agent/stub_layout.h"
#include "harness/protocol/journal.h"

namespace faultline::agent {

// What a wrapped call needs once it is over. Lives in the stub's frame for as long as the call
// does.
struct PendingRecord {
  uint64_t key;
  uint32_t observer;     // kNone: the call is not observed
  uint32_t stack;        // index into the journal's stack table
  uint32_t flags;        // JournalRecord::Flags
  uint32_t stack_words;  // to copy for the original, read by the stub
  char label[protocol::kLabelSize];
  uint64_t watched_occurrence;
  uint32_t watched_point;  // kNone: its return is not watched
  uint32_t watched_site;   // index into the journal's site table
  uint32_t failed_point;   // kNone: it is not to report a failure
  uint32_t failed_rule;    // that failed it; kNone: by hand
  uint64_t restored;       // what stood at restore_at
  uint64_t restore_at;     // address of what was replaced for the call, 0: nothing was
  uint64_t restore_width;
};

// A hooked call as the stub saved it, in the order of its pushes. Changes of registers reach the
// function (after FAULTLINE_RETURN the caller).
struct CallFrame {
  PendingRecord pending;  // there is no room for it on the fast path
  uint64_t arguments[6];  // rdi, rsi, rdx, rcx, r8, r9
  uint64_t rax;
  uint64_t r10;
  uint64_t r11;
  uint64_t rbp;  // the caller's; the stub's %rbp points here
  union {
    uint64_t hook;    // as it comes: the index that the hook's own stub pushed
    uint64_t target;  // as it goes: where to jump, or what to call
  };
  uint64_t return_address;
};
static_assert(offsetof(CallFrame, rbp) == FAULTLINE_FRAME);
static_assert(offsetof(CallFrame, pending) + offsetof(PendingRecord, stack_words) ==
              FAULTLINE_STACK_WORDS);

}  // namespace faultline::agent
