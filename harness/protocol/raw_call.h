#pragma once

// A system call without libc: it never touches errno and never meets a hook, whichever function of
// libc is hooked. What sanitizers add to a function is left out, for processes without a libc.
namespace faultline::protocol {

// 0 or more, or -errno. Arguments are integers or pointers.
template <typename... Arguments>
__attribute__((no_sanitize("address", "thread", "undefined"))) inline long RawCall(
    long number, Arguments... arguments) {
  static_assert(sizeof...(arguments) <= 6);
  long padded[6] = {(long)(arguments)...};  // NOLINT: integers and pointers alike
  long result = number;
  register long r10 asm("r10") = padded[3];
  register long r8 asm("r8") = padded[4];
  register long r9 asm("r9") = padded[5];
  asm volatile("syscall"
               : "+a"(result)
               : "D"(padded[0]), "S"(padded[1]), "d"(padded[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

}  // namespace faultline::protocol
