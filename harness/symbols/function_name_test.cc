#include "harness/symbols/function_name.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using Part = FunctionName::Part;

struct NameCase {
  const char* symbol;
  const char* base;
  Part part;
};

TEST(SplitFunctionName, KnowsWhatToolsAppend) {
  for (const NameCase& c : {
           NameCase{"rte_malloc", "rte_malloc", Part::kWhole},
           NameCase{"rte_thash@@DPDK_23", "rte_thash", Part::kWhole},
           NameCase{"memcpy@GLIBC_2.2.5", "memcpy", Part::kWhole},
           NameCase{"init.lto_priv.0", "init", Part::kWhole},
           NameCase{"init.localalias", "init", Part::kWhole},
           NameCase{"init.llvm.1234567", "init", Part::kWhole},
           NameCase{"init.cold", "init", Part::kCold},
           NameCase{"init.cold.17", "init", Part::kCold},
           NameCase{"init.isra.0.cold", "init", Part::kCold},
           NameCase{"init.lto_priv.0.cold", "init", Part::kCold},
           NameCase{"init.constprop.0", "init", Part::kVariant},
           NameCase{"init.part.0.isra.0", "init", Part::kVariant},
           NameCase{"_Z3foov.constprop.1", "_Z3foov", Part::kVariant},
           NameCase{"pick.avx2", "pick.avx2", Part::kWhole},
           NameCase{"nested.0", "nested.0", Part::kWhole},
           NameCase{"cold", "cold", Part::kWhole},
           NameCase{".cold", ".cold", Part::kWhole},
           NameCase{"part.7", "part.7", Part::kWhole},
           NameCase{"", "", Part::kWhole},
       }) {
    FunctionName name = SplitFunctionName(c.symbol);
    EXPECT_EQ(name.base, c.base) << c.symbol;
    EXPECT_EQ(name.part, c.part) << c.symbol;
  }
}

TEST(BareCxxName, HasNeitherParametersNorReturnType) {
  struct Case {
    const char* mangled;
    const char* bare;
  };
  for (const Case& c : {
           Case{"_Znwm", "operator new"},
           Case{"_ZnamRKSt9nothrow_t", "operator new[]"},
           Case{"_Z3foov", "foo"},
           Case{"_ZL3fooi", "foo"},
           Case{"_ZN1a3fooILi1EEEii", "a::foo<1>"},
           Case{"_ZNK1a1B3getEv", "a::B::get"},
           Case{"_ZN1aclEi", "a::operator()"},
           Case{"_ZltRK1aS1_", "operator<"},
           Case{"_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo"},
           Case{"_ZN1a4nameB5cxx11Ev", "a::name"},
           Case{"malloc", ""},
           Case{"_Zbroken", ""},
       }) {
    EXPECT_EQ(BareCxxName(c.mangled), c.bare) << c.mangled;
  }
}

TEST(BareCxxName, DoesNotTakeALambdaForTheFunctionAroundIt) {
  // outer(int)::{lambda(int)#1}::operator()(int) const
  EXPECT_NE(BareCxxName("_ZZ5outeriENKUliE_clEi"), "outer");
}

}  // namespace
}  // namespace faultline
