#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/protocol/plan.h"

namespace faultline::agent {

// Whether the agent can follow the plan of `size` bytes at `base`: nullptr, or why not, in words
// for the user. After nullptr every offset and index in the plan may be used unchecked.
const char* CheckPlan(const void* base, uint64_t size);

// A plan mapped read-only, for good.
struct MappedPlan {
  const protocol::PlanHeader* header = nullptr;  // nullptr: see `refusal`
  const char* refusal = nullptr;                 // why there is no plan that can be followed
  const char* journal_path = nullptr;            // known even for some refused plans; else nullptr
};
MappedPlan MapPlan(const char* path);

// A file mapped for good; `base` is nullptr on any error. With `writable` the mapping is shared.
struct MappedFile {
  void* base = nullptr;
  uint64_t size = 0;
};
MappedFile MapFile(const char* path, bool writable);

}  // namespace faultline::agent
