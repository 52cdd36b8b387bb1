#include <pthread.h>
#include <unistd.h>

#include <cstdarg>
#include <stdexcept>

#include "harness/agent/testing/victim.h"

// Each does as little as shows what a test is about, in a file of its own so that no caller can see
// into it.

thread_local int widget_error = 0;

HOOKABLE void* make_widget(size_t size) {
  static char widget[64];
  void* result = size <= sizeof(widget) ? widget : nullptr;
  asm volatile("" : "+r"(result));  // else callers know the answer before they ask
  return result;
}

jmp_buf toolbox_exit;

HOOKABLE void* make_toolbox(const char* how) {
  static char toolbox;
  void* result = how[0] == 'r' ? make_toolbox(how + 1) : make_widget(8);
  if (result == nullptr && how[0] == 'j') {
    longjmp(toolbox_exit, 1);
  }
  if (result == nullptr && how[0] == 'x') {
    _exit(9);
  }
  if (result == nullptr && how[0] == 'e') {
    throw std::runtime_error("no widget");
  }
  if (result == nullptr && how[0] == 'n') {
    result = make_widget(8);
  }
  if (how[0] == 't') {
    result = &toolbox;
  }
  asm volatile("" : "+r"(result));
  return result;
}

HOOKABLE victim::Pair pair_without_widget() {
  return make_widget(8) == nullptr ? victim::Pair{41, 42} : victim::Pair{0, 0};
}

HOOKABLE double double_without_widget() { return make_widget(8) == nullptr ? 1.5 : 0; }

HOOKABLE long double long_double_without_widget() { return make_widget(8) == nullptr ? 2.5L : 0; }

HOOKABLE int64_t many_arguments(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f,
                                int64_t g, int64_t h, int64_t i, int64_t j, int64_t k) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}

HOOKABLE double many_doubles(double a, double b, double c, double d, double e, double f, double g,
                             double h, double i, int j) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + j;
}

HOOKABLE double variable_arguments(int count, ...) {
  va_list list;
  va_start(list, count);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += va_arg(list, double) * (i + 1);
  }
  va_end(list);
  return sum;
}

HOOKABLE long double long_double(long double a) { return a / 3; }

HOOKABLE victim::Pair returns_pair(int64_t a) { return {a + 1, a + 2}; }

HOOKABLE victim::Large returns_large(int64_t a) { return {{a, a + 1, a + 2, a + 3, a + 4, a + 5}}; }

HOOKABLE void note_error(int level) { asm volatile("" : : "r"(level)); }

HOOKABLE int fragile(int value) {
  if (value < 0) {
    throw std::runtime_error("fragile");
  }
  return value;
}

HOOKABLE void quit_thread() { pthread_exit(nullptr); }

HOOKABLE void enlist(const void* object, const char* name) {
  asm volatile("" : : "r"(object) : "memory");
  if (name[0] == '\0') {
    note_error(1);
  }
}

// As pthread_create: what it makes is known by what it stores.
HOOKABLE int draw_ticket(uint64_t* drawn) {
  *drawn = 4711;
  return 0;
}

HOOKABLE void enlist_many(const void* object) {
  enlist(object, "inner");
  asm volatile("" : : : "memory");
}

extern "C" __attribute__((noinline)) void call_enlist_by_jump() {
  enlist_by_jump(nullptr, "jumped");
  asm volatile("" : : : "memory");
}

extern "C" __attribute__((noinline)) void* widget_of_a() {
  void* widget = make_widget(8);
  asm volatile("" : : : "memory");
  return widget;
}

extern "C" __attribute__((noinline)) void* widget_of_b() {
  void* widget = make_widget(16);
  asm volatile("" : : : "memory");
  return widget;
}

extern "C" __attribute__((noinline)) void* widget_by_wrapper() {
  void* widget = widget_of_b();
  asm volatile("" : : : "memory");
  return widget;
}
