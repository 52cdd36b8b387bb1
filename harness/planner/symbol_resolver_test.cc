#include "harness/planner/symbol_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/planner/absence.h"
#include "harness/planner/inlined.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Status = PointCoverage::Status;

ModuleRecord Describe(const ElfImage& image) {
  DirectoryCheck directories;
  return DescribeModule(image, directories);
}

// What the library made of testing/names*.c has under `name`.
HookAnswer Find(const std::string& name, const std::string& file = FAULTLINE_NAMES) {
  ElfImage image = ElfImage::Open(file);
  ModuleRecord record = Describe(image);
  ResolveSymbols(image, {{name}, {}, {}}, record);
  return record.hooks.empty() ? HookAnswer{} : record.hooks.front();
}

std::vector<AddressRange> FindRanges(const std::string& name) {
  ElfImage image = ElfImage::Open(FAULTLINE_NAMES);
  ModuleRecord record = Describe(image);
  ResolveSymbols(image, {{}, {name}, {}}, record);
  return record.ranges.empty() ? std::vector<AddressRange>{} : record.ranges.front().ranges;
}

TEST(SymbolResolver, HooksEveryVersionOfASymbol) {
  HookAnswer answer = Find("versioned");
  EXPECT_EQ(answer.status, Status::kFound);
  EXPECT_THAT(answer.hooks, SizeIs(2));
}

TEST(SymbolResolver, RefusesAnIndirectFunctionAndNamesItsImplementations) {
  HookAnswer answer = Find("chosen");
  EXPECT_EQ(answer.status, Status::kRefused);
  EXPECT_THAT(answer.reason, HasSubstr("indirect function (ifunc)"));
  EXPECT_THAT(answer.reason, HasSubstr("chosen_fast"));
  EXPECT_THAT(answer.reason, HasSubstr("chosen_slow"));
  EXPECT_EQ(Find("resolve_chosen").status, Status::kRefused)
      << "the resolver is no function either";
  EXPECT_EQ(Find("chosen_fast").status, Status::kFound);
}

TEST(SymbolResolver, HooksAnAliasOnce) {
  HookAnswer answer = Find("other_name");
  ASSERT_THAT(answer.hooks, SizeIs(1));
  EXPECT_EQ(answer.hooks[0].recipe, Find("original_name").hooks.at(0).recipe);
}

TEST(SymbolResolver, HooksAllStaticFunctionsOfOneNameAndSaysSo) {
  HookAnswer answer = Find("twin");
  EXPECT_EQ(answer.status, Status::kFound);
  EXPECT_THAT(answer.hooks, SizeIs(2));
  EXPECT_THAT(answer.note, HasSubstr("2 functions of this name"));
}

TEST(SymbolResolver, NeverHooksAColdPart) {
  HookAnswer answer = Find("split");
  ASSERT_THAT(answer.hooks, SizeIs(1));
  EXPECT_EQ(answer.hooks[0].symbol, "split");
  EXPECT_THAT(FindRanges("split"), SizeIs(2)) << "but it is code of the function";
}

TEST(SymbolResolver, ReportsCompilerVariantsWithoutHookingThem) {
  HookAnswer only = Find("only_variant");
  EXPECT_EQ(only.status, Status::kVariant);
  EXPECT_THAT(only.reason, HasSubstr("only_variant.constprop.0"));
  EXPECT_THAT(only.hooks, SizeIs(0));
  HookAnswer both = Find("both");
  EXPECT_EQ(both.status, Status::kFound);
  EXPECT_THAT(both.note, HasSubstr("not hooked: both.isra.0"));
  EXPECT_THAT(both.hooks, SizeIs(1));
  EXPECT_THAT(FindRanges("both"), SizeIs(2));
}

TEST(SymbolResolver, HooksAVariantThatIsAskedForByItsFullName) {
  EXPECT_EQ(Find("both.isra.0").status, Status::kFound);
}

TEST(SymbolResolver, TakesLtoPrivCopiesForTheFunction) {
  HookAnswer answer = Find("across_files");
  EXPECT_EQ(answer.status, Status::kFound);
  EXPECT_THAT(answer.hooks, SizeIs(2));
}

TEST(SymbolResolver, FindsCxxFunctionsByTheirBareNames) {
  for (const char* name : {"shop::Widget::Make", "shop::Widget::Use", "shop::Twice<int>",
                           "free_function", "_ZN4shop6Widget4MakeEi"}) {
    EXPECT_EQ(Find(name).status, Status::kFound) << name;
  }
  EXPECT_EQ(Find("Widget::Make").status, Status::kMissing);
}

TEST(SymbolResolver, HasNoAnswerForWhatIsNotThere) {
  EXPECT_EQ(Find("no_such_function").status, Status::kMissing);
  EXPECT_EQ(Find("last_error").status, Status::kMissing) << "a variable is no function";
  EXPECT_THAT(FindRanges("no_such_function"), SizeIs(0));
}

TEST(SymbolResolver, FindsThreadLocalVariables) {
  ElfImage image = ElfImage::Open(FAULTLINE_NAMES);
  ModuleRecord record = Describe(image);
  ResolveSymbols(image, {{}, {}, {"last_error"}}, record);
  ASSERT_THAT(record.tls, SizeIs(1));
  EXPECT_GE(record.tls_size, record.tls[0].offset + sizeof(int));
}

TEST(SymbolResolver, LeavesTheDynamicLoaderAlone) {
  ElfImage image = ElfImage::Open("/lib64/ld-linux-x86-64.so.2");
  ModuleRecord record = Describe(image);
  ResolveSymbols(image, {{"_dl_debug_state", "_dl_allocate_tls", "__tls_get_addr"}, {}, {}},
                 record);
  ASSERT_FALSE(record.hooks.empty());
  for (const HookAnswer& answer : record.hooks) {
    EXPECT_EQ(answer.status, Status::kRefused);
    EXPECT_THAT(answer.reason, HasSubstr("dynamic loader"));
  }
}

TEST(SymbolResolver, HooksEveryFunctionExceptWhatItNames) {
  ElfImage image = ElfImage::Open(FAULTLINE_NAMES);
  std::vector<std::string> refused;
  auto hooks = HookEveryFunction(image, refused);
  EXPECT_GE(hooks.size(), 15u);
  EXPECT_THAT(refused, ::testing::Contains(HasSubstr("ifunc")));
  for (const PlannedHook& hook : hooks) {
    EXPECT_NE(hook.symbol, "split.cold");
  }
}

TEST(InlinedFunctions, AreToldFromMissingOnesByDebugInfo) {
  ElfImage image = ElfImage::Open(FAULTLINE_NAMES);
  const auto inlined =
      InlinedFunctions(image, {"always_inlined", "call_inlined", "no_such_function"});
  ASSERT_THAT(inlined, ElementsAre(::testing::Key("always_inlined")));
  EXPECT_THAT(inlined.at("always_inlined"), ElementsAre("call_inlined"));
  ModuleRecord record = Describe(image);
  const InlinedFunction found = FindInlined({record}, {"always_inlined"}).at("always_inlined");
  EXPECT_EQ(found.module, record.base_name());
  EXPECT_EQ(found.Text(), "every call was inlined, into `call_inlined`: it has no code of its own");
}

}  // namespace
}  // namespace faultline
