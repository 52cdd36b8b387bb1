#include <cpuid.h>

#include "harness/agent/stub.h"
#include "harness/agent/stub_layout.h"

extern "C" {
__attribute__((visibility("hidden"))) uint32_t faultline_vector_method = FAULTLINE_FXSAVE;
__attribute__((visibility("hidden"))) uint64_t faultline_vector_bytes = 512;
__attribute__((visibility("hidden"))) uint32_t faultline_vector_mask = 0;
}

namespace faultline::agent {
namespace {

// x87, SSE, AVX, and the three parts of AVX-512. AMX tiles (8 KiB) carry no arguments and nothing
// in the agent uses them.
constexpr uint32_t kWantedState = 0xe7;
constexpr uint32_t kExtendedState = 0xd;     // CPUID leaf, Intel SDM volume 1, 13.2
constexpr uint32_t kLegacyBytes = 512 + 64;  // x87 and SSE, then the XSAVE header

uint32_t EnabledState() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// The size of the save area for the components in `mask`.
uint32_t AreaBytes(uint32_t mask, bool compact) {
  uint32_t bytes = kLegacyBytes;
  for (uint32_t component = 2; component < 32; ++component) {
    if ((mask >> component & 1) == 0) {
      continue;
    }
    uint32_t size = 0, offset = 0, flags = 0, unused = 0;
    __cpuid_count(kExtendedState, component, size, offset, flags, unused);
    const bool aligned = (flags & 2) != 0;
    const uint32_t packed = aligned ? (bytes + 63) / 64 * 64 : bytes;
    const uint32_t end = (compact ? packed : offset) + size;
    bytes = end > bytes ? end : bytes;
  }
  return bytes;
}

}  // namespace

void InitVectorState() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
    return;
  }
  __cpuid_count(kExtendedState, 1, a, b, c, d);
  const bool compact = (a & bit_XSAVEC) != 0;
  faultline_vector_mask = EnabledState() & kWantedState;
  faultline_vector_method = compact ? FAULTLINE_XSAVEC : FAULTLINE_XSAVE;
  faultline_vector_bytes = AreaBytes(faultline_vector_mask, compact);
}

}  // namespace faultline::agent
