#include "harness/symbols/name_main.h"

namespace faultline {

void NameMain(Stack& stack) {
  for (size_t caller = 1; caller < stack.size(); ++caller) {
    if (stack[caller].function == "__libc_start_call_main" && stack[caller - 1].function.empty()) {
      stack[caller - 1].function = "main";
    }
  }
}

}  // namespace faultline
