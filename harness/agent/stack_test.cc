#include "harness/agent/stack.h"

#include <alloca.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unwind.h>

#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace faultline::agent {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::Ge;
using testing::SizeIs;

constexpr protocol::PlanHeader kNoPlan;

// A journal with room for the module table only.
struct ModuleJournal {
  static constexpr uint32_t kModules = 64;
  protocol::JournalHeader header = {};
  protocol::ModuleEntry modules[kModules] = {};
  protocol::StackEntry stack[1] = {};
  protocol::SiteEntry site[1] = {};
  protocol::HashSlot slots[2] = {};

  ModuleJournal() {
    header.magic = protocol::kJournalMagic;
    header.version = protocol::kJournalVersion;
    header.file_size = sizeof(*this);
    header.modules_offset = offsetof(ModuleJournal, modules);
    header.modules_capacity = kModules;
    header.stacks_offset = offsetof(ModuleJournal, stack);
    header.stacks_capacity = 1;
    header.sites_offset = offsetof(ModuleJournal, site);
    header.sites_capacity = 1;
    header.stack_slots_offset = offsetof(ModuleJournal, slots);
    header.site_slots_offset = header.stack_slots_offset + sizeof(protocol::HashSlot);
    header.stack_slots_capacity = header.site_slots_capacity = 1;
  }
};

// Walks with the modules of this very process.
class StackTest : public testing::Test {
 protected:
  StackTest() {
    EXPECT_EQ(writer_->Open(&journal_, sizeof(journal_), 0, 0), nullptr);
    modules_->Init(&kNoPlan, writer_.get());
    modules_->Update({[](const LoadedModule&) {}, [](const LoadedModule&) {}}, false);
    Configure({}, 32, 0, 0);
  }
  void Configure(std::span<const protocol::PlanRange> wrappers, uint32_t site_depth,
                 uint64_t own_begin, uint64_t own_end) {
    walker_->Init(modules_.get(), wrappers, site_depth, own_begin, own_end);
  }

  ModuleJournal journal_;
  std::unique_ptr<JournalWriter> writer_ = std::make_unique<JournalWriter>();
  std::unique_ptr<Modules> modules_ = std::make_unique<Modules>();
  std::unique_ptr<StackWalker> walker_ = std::make_unique<StackWalker>();
};

_Unwind_Reason_Code Collect(_Unwind_Context* context, void* addresses) {
  static_cast<std::vector<uint64_t>*>(addresses)->push_back(_Unwind_GetIP(context));
  return _URC_NO_REASON;
}

// Walks from its caller on, as libgcc does. Twice: with rules looked up, and known.
__attribute__((noinline)) void Compare(StackWalker* walker, bool by_rules = true) {
  auto** frame = static_cast<void**>(__builtin_frame_address(0));
  const UnwindStart start{reinterpret_cast<uint64_t>(frame[1]),
                          reinterpret_cast<uint64_t>(frame + 2),
                          reinterpret_cast<uint64_t>(frame[0])};
  std::vector<uint64_t> expected;
  _Unwind_Backtrace(&Collect, &expected);
  ASSERT_THAT(expected, SizeIs(Ge(4u)));
  expected.erase(expected.begin());  // this function
  while (!expected.empty() && expected.back() == 0) {
    expected.pop_back();
  }
  const bool truncated = expected.size() > kMaxRawFrames;
  expected.resize(std::min<size_t>(expected.size(), kMaxRawFrames));
  for (int round = 0; round < 2; ++round) {
    RawStack stack;
    EXPECT_EQ(walker->Walk(start, &stack), by_rules);
    EXPECT_THAT(stack.frames(), ElementsAreArray(expected));
    EXPECT_EQ(stack.truncated, truncated);
  }
}

__attribute__((noinline)) void CompareDeep(StackWalker* walker, int depth) {
  char room[100];
  asm volatile("" : : "r"(room) : "memory");
  if (depth > 0) {
    CompareDeep(walker, depth - 1);
  } else {
    Compare(walker);
  }
  asm volatile("" : : "r"(room) : "memory");
}

// Keeps its CFA in a local variable, since the stack is realigned and of variable size.
__attribute__((noinline)) void CompareRealigned(StackWalker* walker, size_t size) {
  alignas(64) char aligned[64];
  void* variable = alloca(size);
  asm volatile("" : : "r"(aligned), "r"(variable) : "memory");
  CompareDeep(walker, 1);
  asm volatile("" : : "r"(aligned), "r"(variable) : "memory");
}

StackWalker* walker_of_callback = nullptr;

TEST_F(StackTest, SeesWhatLibgccSees) {
  Compare(walker_.get());
  CompareDeep(walker_.get(), 5);
}

TEST_F(StackTest, PassesRealignedFrames) {
  CompareRealigned(walker_.get(), 100);
  CompareRealigned(walker_.get(), 5000);
}

TEST_F(StackTest, PassesFramesOfLibc) {
  walker_of_callback = walker_.get();
  int numbers[] = {2, 1};
  qsort(numbers, 2, sizeof(int), [](const void* a, const void* b) {
    Compare(walker_of_callback);
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  });
}

TEST_F(StackTest, EndsWhereAThreadBegins) {
  std::thread([this] { CompareDeep(walker_.get(), 2); }).join();
}

// Its frame is found by rbx, which no rule follows.
asm(R"(
    .type call_by_rbx, @function
call_by_rbx:
    .cfi_startproc
    pushq %rbx
    .cfi_def_cfa_offset 16
    .cfi_offset %rbx, -16
    movq %rsp, %rbx
    .cfi_def_cfa_register %rbx
    subq $16, %rsp
    call *%rdi
    movq %rbx, %rsp
    popq %rbx
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size call_by_rbx, . - call_by_rbx
)");
extern "C" void call_by_rbx(void (*function)());

TEST_F(StackTest, LeavesUnusualFramesToLibgcc) {
  walker_of_callback = walker_.get();
  call_by_rbx([] { Compare(walker_of_callback, /*by_rules=*/false); });
}

std::vector<uint64_t> stack_of_handler;

// The same stack wherever the signal struck: it ends with the kernel's way back.
__attribute__((noinline)) void Strike(int depth) {
  if (depth > 0) {
    Strike(depth - 1);
  } else {
    raise(SIGUSR1);
  }
  asm volatile("" : : : "memory");
}

// Not a lambda: unoptimised, that is a function behind another one.
void WalkFromHandler(int) {
  auto** frame = static_cast<void**>(__builtin_frame_address(0));
  RawStack stack;
  EXPECT_TRUE(walker_of_callback->Walk(
      {reinterpret_cast<uint64_t>(frame[1]), reinterpret_cast<uint64_t>(frame + 2),
       reinterpret_cast<uint64_t>(frame[0])},
      &stack));
  stack_of_handler.assign(stack.frames().begin(), stack.frames().end());
}

TEST_F(StackTest, EndsAtASignalHandler) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer calls handlers itself: the kernel's way back is not behind them";
#endif
  walker_of_callback = walker_.get();
  struct sigaction action {};
  action.sa_handler = WalkFromHandler;
  sigaction(SIGUSR1, &action, nullptr);
  Strike(1);
  const std::vector<uint64_t> first = stack_of_handler;
  Strike(7);
  EXPECT_EQ(stack_of_handler, first);
  EXPECT_THAT(first, SizeIs(1));
  signal(SIGUSR1, SIG_DFL);
}

TEST_F(StackTest, CutsDeepStacks) { CompareDeep(walker_.get(), 80); }

TEST_F(StackTest, AReturnAddressOutsideEveryModuleIsTheWholeStack) {
  // As in _start, whose "return address" is argc.
  const uint64_t argc[2] = {1, 0};
  RawStack stack;
  walker_->Walk({1, reinterpret_cast<uint64_t>(&argc[1]), 0}, &stack);
  EXPECT_THAT(stack.frames(), ElementsAre(1u));
}

TEST_F(StackTest, CanonicalFramesAreModuleAndOffset) {
  const LoadedModule& main = (*modules_)[0];
  const LoadedModule& other = (*modules_)[1];
  RawStack raw;
  raw.depth = 3;
  raw.addresses[0] = main.begin + 0x20;
  raw.addresses[1] = other.begin + 0x30;
  raw.addresses[2] = 0x1234;
  CanonicalStack stack;
  walker_->MakeCanonical(raw, &stack);
  ASSERT_EQ(stack.depth, 3u);
  EXPECT_EQ(stack.frames[0], protocol::PackFrame(0, main.begin + 0x20 - main.base));
  EXPECT_EQ(stack.frames[1], protocol::PackFrame(1, other.begin + 0x30 - other.base));
  EXPECT_EQ(stack.frames[2], 0x1234u);
}

TEST_F(StackTest, TheHashLooksAtTheSiteDepthAndNotAtUnknownAddresses) {
  const uint64_t begin = (*modules_)[0].begin;
  auto hash_of = [&](std::initializer_list<uint64_t> addresses) {
    RawStack raw;
    for (uint64_t address : addresses) {
      raw.addresses[raw.depth++] = address;
    }
    CanonicalStack stack;
    walker_->MakeCanonical(raw, &stack);
    return stack.hash;
  };
  Configure({}, 2, 0, 0);
  EXPECT_EQ(hash_of({begin + 1, begin + 2, begin + 3}), hash_of({begin + 1, begin + 2, begin + 4}));
  EXPECT_NE(hash_of({begin + 1, begin + 2}), hash_of({begin + 1, begin + 3}));
  EXPECT_NE(hash_of({begin + 1, begin + 2}), hash_of({begin + 2, begin + 1}));
  EXPECT_EQ(hash_of({begin + 1, 0x1000}), hash_of({begin + 1, 0x2000}));
}

}  // namespace
}  // namespace faultline::agent
