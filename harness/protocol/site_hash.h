#pragma once

#include "harness/protocol/layout.h"

// The identity of a place that can fail, as journal.h defines it: equal in every run of the same
// files, whatever the addresses. Agent and tests compute it with these.
namespace faultline::protocol {

// Feed it the first PlanHeader::site_depth canonical frames, innermost first.
class StackHash {
 public:
  // `name_hash` is ModuleEntry::name_hash of the frame's module, `offset` the return address less
  // the module's load bias.
  constexpr void AddFrame(uint64_t name_hash, uint64_t offset) {
    hash_ = HashMix(HashMix(hash_, name_hash), offset);
  }
  // A frame outside every module: its address means nothing in another run.
  constexpr void AddUnknownFrame() { AddFrame(0, 0); }

  // Never 0, which marks a free slot in the stack table.
  constexpr uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

 private:
  uint64_t hash_ = 0;
};

// SiteEntry::hash of the point `point_name_hash` (PlanPoint::name_hash) reached by a stack. Never
// 0.
constexpr uint64_t SiteHash(uint64_t stack_hash, uint64_t point_name_hash) {
  const uint64_t hash = HashMix(stack_hash, point_name_hash);
  return hash == 0 ? 1 : hash;
}

}  // namespace faultline::protocol
