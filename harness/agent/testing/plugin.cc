#include <cstddef>

#include "harness/agent/testing/victim.h"

// A library that a program loads late; its hookable function is already called by a constructor.

HOOKABLE void* make_gadget(size_t size) {
  static char gadget[64];
  void* result = size <= sizeof(gadget) ? gadget : nullptr;
  asm volatile("" : "+r"(result));
  return result;
}

namespace {

void* const gadget_of_constructor = make_gadget(1);

}  // namespace

// "c" for the constructor's gadget and "l" for one made now; "-" for one that failed.
extern "C" const char* plugin_results() {
  static char results[3];
  results[0] = gadget_of_constructor != nullptr ? 'c' : '-';
  results[1] = make_gadget(2) != nullptr ? 'l' : '-';
  return results;
}
