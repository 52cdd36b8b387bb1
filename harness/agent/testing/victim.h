#pragma once

#include <setjmp.h>

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

// The functions that the tests hook, and callers of theirs that tests name (victim_functions.cc).
extern "C" {
void* make_widget(size_t size);
int64_t many_arguments(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g,
                       int64_t h, int64_t i, int64_t j, int64_t k);
double many_doubles(double a, double b, double c, double d, double e, double f, double g, double h,
                    double i, int j);
double variable_arguments(int count, ...);
long double long_double(long double a);
victim::Pair returns_pair(int64_t a);
victim::Large returns_large(int64_t a);
int fragile(int value);  // throws below 0
void quit_thread();
void enlist(const void* object, const char* name);  // notes an error for an empty name
void enlist_many(const void* object);
int draw_ticket(uint64_t* drawn);
void enlist_by_jump(const void* object, const char* name);  // ends with a jump to enlist
void call_enlist_by_jump();
// Needs a widget. By the first letter of `how` it hands a failure on (f), does without (t), tries
// again (n), jumps out to `toolbox_exit` (j), throws (e) or ends the process with 9 (x); r: another
// one does it, by the next one.
void* make_toolbox(const char* how);
// Expect that no widget can be made, and return something then.
victim::Pair pair_without_widget();
double double_without_widget();
long double long_double_without_widget();
void* widget_of_a();
void* widget_of_b();
void* widget_by_wrapper();
}

extern jmp_buf toolbox_exit;

// Room for what register_probe saw of the registers, in the order of registers.S.
struct RegisterImage {
  uint64_t general[10];  // rax, rcx, rdx, rsi, rdi, r8 to r11, rbx
  alignas(64) uint8_t vectors[32][64];
  uint64_t masks[8];
};

extern "C" {
// Fills every register from `sent`, calls register_probe, which stores what arrives in
// register_seen and changes nothing; then stores what is left in `left`. `width`: 16, 32 or 64
// bytes per vector.
void call_register_probe(const RegisterImage* sent, RegisterImage* left, int width);
extern RegisterImage register_seen;
}
