// The agent's check of a plan file: after it every offset is used unchecked, inside the target.

#include <cstring>
#include <vector>

#include "harness/agent/plan_map.h"
#include "harness/agent/testing/plan_builder.h"
#include "harness/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // As mmap gives it: aligned.
  std::vector<uint64_t> aligned((size + 7) / 8);
  if (size != 0) {
    std::memcpy(aligned.data(), data, size);
  }
  faultline::agent::CheckPlan(aligned.data(), size);
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  const std::vector<std::byte> plan = faultline::agent::SoundPlan();
  return {{reinterpret_cast<const char*>(plan.data()), plan.size()}};
}
