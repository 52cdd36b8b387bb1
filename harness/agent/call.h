#pragma once

#include <cstdint>

#include "harness/agent/call_frame.h"
#include "harness/agent/conditions.h"
#include "harness/agent/hooks.h"
#include "harness/agent/journal_writer.h"
#include "harness/agent/stack.h"

namespace faultline::agent {

// One hooked call on the slow path. The stack is walked, and entered in the journal, when it is
// first asked for and not otherwise.
class Call {
 public:
  Call(CallFrame* frame, StackWalker* walker, JournalWriter* journal)
      : frame_(frame), walker_(walker), journal_(journal) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  CallFrame& frame() const { return *frame_; }
  CallArguments arguments() const { return {frame_->arguments, &frame_->return_address + 1}; }
  // The return address into the direct caller, the agent's own frames left out.
  uint64_t caller() {
    return walker_->IsOwn(frame_->return_address) ? raw_stack().addresses[0]
                                                  : frame_->return_address;
  }

  // See JournalWriter::InOwnProcess.
  bool in_own_process() {
    if (!process_known_) {
      process_known_ = true;
      in_own_process_ = journal_->InOwnProcess();
    }
    return in_own_process_;
  }

  UnwindStart unwind_start() const {
    return {frame_->return_address, reinterpret_cast<uint64_t>(&frame_->return_address) + 8,
            frame_->rbp};
  }
  const RawStack& raw_stack() {
    if (raw_.depth == 0) {
      walker_->Walk(unwind_start(), &raw_);
    }
    return raw_;
  }
  const CanonicalStack& canonical_stack() {
    if (canonical_.depth == 0) {
      walker_->MakeCanonical(raw_stack(), &canonical_);
    }
    return canonical_;
  }
  // Its row in the journal's stack table; kNone when the table is full.
  uint32_t stack_row() {
    if (!interned_) {
      interned_ = true;
      stack_row_ = journal_->InternStack(canonical_stack());
    }
    return stack_row_;
  }

 private:
  CallFrame* frame_;
  StackWalker* walker_;
  JournalWriter* journal_;
  bool process_known_ = false;
  bool in_own_process_ = false;
  bool interned_ = false;
  uint32_t stack_row_ = protocol::kNone;
  RawStack raw_;
  CanonicalStack canonical_;
};

}  // namespace faultline::agent
