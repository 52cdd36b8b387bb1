// For libFuzzer: an input that is nearly empty becomes a seed, so that no corpus has to be written
// to disk first.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "harness/base/testing/fuzz.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  static const std::vector<std::string> seeds = faultline::testkit::FuzzSeeds();
  if (size < 4 && !seeds.empty()) {
    const std::string& chosen = seeds[seed % seeds.size()];
    size = std::min(chosen.size(), max_size);
    std::memcpy(data, chosen.data(), size);
    return size;
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
