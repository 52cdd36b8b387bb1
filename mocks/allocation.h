#pragma once

#include <string>

namespace faultline::mocks {

// The libc allocations of the code under test, counted and made to fail: a program that links
// `faultline_mock_allocation` has calloc, malloc, realloc, strdup and free of its own objects (not
// of shared libraries, so neither GoogleTest's nor operator new's) go through here. Not
// thread-safe.
class Allocations {
 public:
  // Forgets all counts; from here on the `fail_at`-th call fails, and every later one too when
  // `persistent`. 0: none.
  static void Begin(int fail_at = 0, bool persistent = false);
  static void End();

  static int Calls();  // since Begin
  static int Live();   // allocated since Begin and not freed
};

}  // namespace faultline::mocks
