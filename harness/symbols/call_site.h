#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace faultline {

// What the machine code around a call tells of it.
struct CallSite {
  bool known = false;     // the function's code was found, and a call ends where it should
  bool indirect = false;  // by a pointer: what is called may be another function each time
  bool in_loop = false;   // its function can come to it again without returning in between
};

// The call that returns to `code[return_at]`; `code` is that of its whole function. Jumps by tables
// are not followed, so that a loop which needs one is missed.
CallSite ReadCallSite(std::span<const uint8_t> code, size_t return_at);

}  // namespace faultline
