#include "harness/oracle/destructor.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace faultline {
namespace {

// Of glibc: what calls the destructors of a library (elf/dl-fini.c, elf/dl-call_fini.c,
// elf/dl-close.c), those of C++'s objects (stdlib/cxa_finalize.c) and atexit()'s functions
// (stdlib/exit.c).
constexpr std::array<std::string_view, 6> kFinishers = {"_dl_call_fini",  "_dl_fini",
                                                        "call_fini",      "call_destructors",
                                                        "__cxa_finalize", "__run_exit_handlers"};

bool Finishes(const Frame& frame) {
  return std::find(kFinishers.begin(), kFinishers.end(), frame.function) != kFinishers.end();
}

}  // namespace

Stack StackOfDestructor(const Stack& stack) {
  const auto finisher = std::find_if(stack.begin(), stack.end(), Finishes);
  if (finisher == stack.end() || finisher - stack.begin() < 2) {
    return {};  // or it died in the destructor itself
  }
  Stack destructor(finisher - 1, stack.end());
  Frame& own = destructor.front();
  if (own.module == stack.front().module) {
    return {};
  }
  if (own.function.empty() || own.function == "??") {
    own.function = "destructor of " + own.module.substr(0, own.module.find(".so"));
  }
  return destructor;
}

}  // namespace faultline
