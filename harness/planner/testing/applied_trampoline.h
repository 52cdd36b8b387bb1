#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstring>

#include "harness/planner/relocator.h"

namespace faultline::testkit {

// A recipe's trampoline in this process, near the module it belongs to: calling it must do what the
// function does. The module itself is not patched.
class AppliedTrampoline {
 public:
  // `bias` is the module's load bias.
  AppliedTrampoline(const HookRecipe& recipe, uint64_t bias) {
    memory_ = Near(bias + recipe.entry);
    std::memcpy(memory_, recipe.trampoline.data(), recipe.trampoline.size());
    auto here = reinterpret_cast<uint64_t>(memory_);
    for (const auto& fixup : recipe.fixups) {
      uint64_t target = bias + fixup.target;
      if (fixup.kind == protocol::PlanFixup::kAbsolute64) {
        std::memcpy(memory_ + fixup.position, &target, sizeof(target));
      } else {
        auto distance = static_cast<int32_t>(target - (here + fixup.next));
        std::memcpy(memory_ + fixup.position, &distance, sizeof(distance));
      }
    }
    mprotect(memory_, kSize, PROT_READ | PROT_EXEC);
  }
  AppliedTrampoline(const AppliedTrampoline&) = delete;
  AppliedTrampoline& operator=(const AppliedTrampoline&) = delete;
  ~AppliedTrampoline() { munmap(memory_, kSize); }

  long Call(long argument, void* second = nullptr) const {
    return reinterpret_cast<long (*)(long, void*)>(reinterpret_cast<uintptr_t>(memory_))(argument,
                                                                                         second);
  }

 private:
  static constexpr size_t kSize = 4096;

  // A free page within 1 GiB of `address`.
  static char* Near(uint64_t address) {
    for (uint64_t distance = 1 << 20; distance < 1 << 30; distance += 1 << 20) {
      void* wanted = reinterpret_cast<void*>((address - distance) & ~(kSize - 1));
      void* got = mmap(wanted, kSize, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (got != MAP_FAILED) {
        return static_cast<char*>(got);
      }
    }
    return nullptr;
  }

  char* memory_ = nullptr;
};

}  // namespace faultline::testkit
