#pragma once

#include <cstddef>
#include <cstdint>

// A function that the tests hook: eight nops, then its body.
#define HOOKABLE extern "C" __attribute__((noinline, patchable_function_entry(8, 0)))

// The functions of the victim program; each does as little as shows what the test is about.
namespace victim {

struct Pair {
  int64_t first;
  int64_t second;
};
struct Large {
  int64_t values[6];
};

}  // namespace victim

extern "C" thread_local int widget_error;

// Whether 32-byte vectors reach many_vectors. Only where the processor has AVX (victim_avx.cc).
bool vectors_arrive();

// Room for what register_probe saw of the registers, in the order of registers.S.
struct RegisterImage {
  uint64_t general[10];  // rax, rcx, rdx, rsi, rdi, r8 to r11, rbx
  alignas(64) uint8_t vectors[32][64];
  uint64_t masks[8];
};

extern "C" {
// Hookable; ends with a jump to enlist.
void enlist_by_jump(const void* object, const char* name);

// Fills every register from `sent`, calls register_probe, which stores what arrives in
// register_seen and changes nothing; then stores what is left in `left`. `width`: 16, 32 or 64
// bytes per vector.
void call_register_probe(const RegisterImage* sent, RegisterImage* left, int width);
extern RegisterImage register_seen;
}
