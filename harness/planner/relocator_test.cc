#include "harness/planner/relocator.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdint>
#include <map>
#include <string>

#include "harness/planner/hook_planner.h"
#include "harness/planner/testing/applied_trampoline.h"
#include "harness/symbols/elf_image.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;

// The library made of testing/prologues.S: its plan, and itself loaded into this process.
class Prologues {
 public:
  static Prologues& Instance() {
    static Prologues instance;
    return instance;
  }

  const PlannedEntry& Planned(const std::string& name) { return planned_.at(names_.at(name)); }
  long CallOriginal(const std::string& name, long argument, void* second = nullptr) {
    return reinterpret_cast<long (*)(long, void*)>(dlsym(library_, name.c_str()))(argument, second);
  }
  uint64_t bias() const { return static_cast<link_map*>(library_)->l_addr; }
  void* Address(const std::string& name) { return dlsym(library_, name.c_str()); }

 private:
  Prologues() : image_(ElfImage::Open(FAULTLINE_PROLOGUES)) {
    std::set<uint64_t> entries;
    for (const FunctionSymbol& function : image_.functions()) {
      names_[std::string(function.name)] = function.address;
      entries.insert(function.address);
    }
    planned_ = PlanEntries(image_, entries);
    library_ = dlopen(FAULTLINE_PROLOGUES, RTLD_NOW);
  }

  ElfImage image_;
  std::map<std::string, uint64_t> names_;
  std::map<uint64_t, PlannedEntry> planned_;
  void* library_ = nullptr;
};

class DisplacedPrologue : public ::testing::TestWithParam<const char*> {};

TEST_P(DisplacedPrologue, DoesWhatTheFunctionDoes) {
  Prologues& prologues = Prologues::Instance();
  const PlannedEntry& planned = prologues.Planned(GetParam());
  ASSERT_TRUE(planned.recipe) << planned.refusal;
  EXPECT_GE(planned.recipe->displaced, kJumpSize);
  EXPECT_EQ(planned.recipe->original.size(), planned.recipe->displaced);
  testkit::AppliedTrampoline trampoline(*planned.recipe, prologues.bias());
  void* plain = prologues.Address("plain");
  for (long argument : {0L, 1L, 5L, -3L}) {
    EXPECT_EQ(trampoline.Call(argument, &plain),
              prologues.CallOriginal(GetParam(), argument, &plain))
        << argument;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DisplacedPrologue,
                         ::testing::Values("plain", "with_endbr64", "short_with_padding",
                                           "rip_relative_load", "rip_relative_immediate",
                                           "short_jcc", "long_jcc", "tail_jump", "short_tail_jump",
                                           "indirect_tail_jump", "call_first", "call_second",
                                           "indirect_call", "register_call",
                                           "call_by_register_last", "loops_to_entry", "neighbour",
                                           "size_from_next", "label_without_type"),
                         [](const auto& instance) { return std::string(instance.param); });

struct RefusedCase {
  const char* function;
  const char* reason;
};

void PrintTo(const RefusedCase& refused, std::ostream* out) { *out << refused.function; }

class RefusedPrologue : public ::testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedPrologue, SaysWhy) {
  const PlannedEntry& planned = Prologues::Instance().Planned(GetParam().function);
  EXPECT_FALSE(planned.recipe);
  EXPECT_THAT(planned.refusal, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedPrologue,
    ::testing::Values(
        RefusedCase{"call_returns_into_patch", "a call returns into the displaced bytes at +0x2"},
        RefusedCase{"call_by_stack", "goes by way of the stack"},
        RefusedCase{"with_loop", "works only in its place"},
        RefusedCase{"with_jrcxz", "works only in its place"},
        RefusedCase{"with_xbegin", "works only in its place"},
        RefusedCase{"branch_into_prologue",
                    "branch back into the prologue at +0x2 (from branch_into_prologue+0x8)"},
        RefusedCase{"flow_ends_inside", "its flow ends before +0x4"},
        RefusedCase{"no_instruction", "no instruction at +0x0"},
        RefusedCase{"too_short", "too short: 3 bytes"},
        RefusedCase{"falls_through", "runs on into the next function"},
        RefusedCase{"two_entries", "another function, second_entry, begins at +0x1"}),
    [](const auto& instance) { return std::string(instance.param.function); });

TEST(Relocator, LeavesEndbr64AtTheEntry) {
  const HookRecipe& recipe = *Prologues::Instance().Planned("with_endbr64").recipe;
  EXPECT_EQ(recipe.patch_at, recipe.entry + 4);
  const HookRecipe& plain = *Prologues::Instance().Planned("plain").recipe;
  EXPECT_EQ(plain.patch_at, plain.entry);
}

TEST(Relocator, UsesPaddingBehindAShortFunction) {
  const HookRecipe& recipe = *Prologues::Instance().Planned("endbr64_and_ret").recipe;
  EXPECT_EQ(recipe.patch_at, recipe.entry + 4);
  EXPECT_GE(recipe.displaced, kJumpSize);
  EXPECT_EQ(recipe.trampoline, std::vector<uint8_t>({0xc3}));
}

TEST(Relocator, NotesALoopToTheEntry) {
  EXPECT_THAT(Prologues::Instance().Planned("loops_to_entry").note, HasSubstr("iterations count"));
  EXPECT_EQ(Prologues::Instance().Planned("plain").note, "");
}

TEST(Relocator, DisplacedCallPushesTheOriginalReturnAddress) {
  const HookRecipe& recipe = *Prologues::Instance().Planned("call_first").recipe;
  bool found = false;
  for (const auto& fixup : recipe.fixups) {
    if (fixup.kind == protocol::PlanFixup::kAbsolute64) {
      EXPECT_EQ(fixup.target, recipe.entry + 5);
      EXPECT_EQ(fixup.position % 8, 0u);
      found = true;
    }
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace faultline
