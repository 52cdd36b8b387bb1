// Runs a fuzz target without libFuzzer: every file given; or else every seed, and mutations of the
// seeds from a fixed start for FAULTLINE_FUZZ_SECONDS (default 2).

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"

namespace faultline::testkit {
namespace {

void RunOne(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string Next() {
    std::string input = Seed();
    for (size_t changes = 1 + Below(8); changes > 0; --changes) {
      Change(input);
    }
    return input;
  }

 private:
  size_t Below(size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<size_t>(0, end - 1)(random_);
  }
  const std::string& Seed() { return seeds_[Below(seeds_.size())]; }

  void Change(std::string& input) {
    const size_t at = Below(input.size() + 1);
    const size_t length = Below(std::min<size_t>(input.size() - at, 64) + 1);
    switch (Below(6)) {
      case 0:  // a bit
        if (at < input.size()) {
          input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
        }
        break;
      case 1:  // any byte, or one at a limit
        if (at < input.size()) {
          static constexpr char kLimits[] = {0, 1, 127, -128, -1, '\n', ' ', '"', ':', '{', '['};
          input[at] = kLimits[Below(sizeof(kLimits))];
        }
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(Below(input.size() + 1), input.substr(at, length));
        break;
      case 4: {  // a piece of another seed
        const std::string& other = Seed();
        input.insert(at, other.substr(Below(other.size() + 1), Below(256)));
        break;
      }
      default:  // a number at a limit, as a header has them
        if (at + 8 <= input.size()) {
          const uint64_t limits[] = {
              0, 1, UINT32_MAX, UINT64_MAX, uint64_t{1} << 63, input.size(), input.size() + 1};
          const size_t width = Below(2) == 0 ? 4 : 8;
          const uint64_t value = limits[Below(7)];
          input.replace(at, width, reinterpret_cast<const char*>(&value), width);
        }
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_{20'260'101};  // the same inputs in every run
};

int FuzzForAWhile() {
  const std::vector<std::string> seeds = FuzzSeeds();
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 1;
  }
  for (const std::string& seed : seeds) {
    RunOne(seed);
  }
  const char* asked = std::getenv("FAULTLINE_FUZZ_SECONDS");
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(asked == nullptr ? 2 : std::atoi(asked));
  Mutator mutator(seeds);
  size_t inputs = 0;
  for (; std::chrono::steady_clock::now() < end; ++inputs) {
    const std::string input = mutator.Next();
    // Where it can be found when the input ends this process.
    const char* keep = std::getenv("FAULTLINE_FUZZ_LAST");
    if (keep != nullptr) {
      WriteFileAtomically(keep, input);
    }
    RunOne(input);
  }
  std::printf("%zu seeds, %zu inputs\n", seeds.size(), inputs);
  return 0;
}

}  // namespace
}  // namespace faultline::testkit

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto content = faultline::ReadFile(argv[i]);
    if (!content.has_value()) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
    faultline::testkit::RunOne(*content);
  }
  return argc > 1 ? 0 : faultline::testkit::FuzzForAWhile();
}
