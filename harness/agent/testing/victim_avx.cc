#include <immintrin.h>

#include "harness/agent/testing/victim.h"

// Built with -mavx, and therefore apart from the rest of the victim program.

// Nine vectors: the last one is passed on the stack, aligned to 32.
HOOKABLE __m256d many_vectors(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
                              __m256d g, __m256d h, __m256d i) {
  __m256d on_stack;
  asm volatile("vmovapd %1, %0" : "=x"(on_stack) : "m"(i));  // faults where it is not aligned
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * on_stack;
}

bool vectors_arrive() {
  const __m256d v = {1, 2, 3, 4};
  const __m256d one = {1, 1, 1, 1};
  const __m256d sum = many_vectors(v, v + one, v + 2 * one, v + 3 * one, v + 4 * one, v + 5 * one,
                                   v + 6 * one, v + 7 * one, v + 8 * one);
  return sum[0] == 285 && sum[3] == 285 + 3 * 45;
}
