#pragma once

#include <string>
#include <string_view>

// What compilers and linkers append to a function's name, and what C++ makes of it.
namespace faultline {

struct FunctionName {
  enum class Part {
    kWhole,    // the function itself, also as name@VERSION, .lto_priv.N, .localalias, .llvm.N
    kCold,     // its unlikely blocks, split off: code of the function, but no entry
    kVariant,  // .constprop, .isra, .part, .specialized: a copy with another signature
  };
  std::string_view base;  // name without what was appended, part of the argument
  Part part = Part::kWhole;
};

// Splits a symbol's name. Suffixes that no compiler is known to append for these purposes belong to
// the base (`foo.avx2`, `nested.0` are functions of their own).
FunctionName SplitFunctionName(std::string_view symbol);

// The C++ name without parameters, return type and ABI tags: `_Znwm` is "operator new",
// `_ZN1a3fooILi1EEEii` is "a::foo<1>". "" when `mangled` is not a mangled name.
std::string BareCxxName(std::string_view mangled);

}  // namespace faultline
