// Functions whose names are found in the ways that symbol_resolver_test.cc asks about.

// Two versions of one function.
__attribute__((noinline)) int versioned_1(int x) { return x + 1; }
__attribute__((noinline)) int versioned_2(int x) { return x + 2; }
__asm__(".symver versioned_1, versioned@V1");
__asm__(".symver versioned_2, versioned@@V2");

// An indirect function and what it may resolve to.
static int chosen_fast(int x) { return x * 2; }
static int chosen_slow(int x) { return x + x; }
__attribute__((used)) static int (*resolve_chosen(void))(int) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? chosen_fast : chosen_slow;
}
int chosen(int) __attribute__((ifunc("resolve_chosen")));

int original_name(int x) { return x * 3; }
int other_name(int) __attribute__((alias("original_name")));

__attribute__((noinline, used)) static int twin(int x) { return x - 1; }
int call_twin(int x) { return twin(x) + 1; }

_Thread_local int last_error = 0;
int set_last_error(int x) { return last_error = x; }

__attribute__((always_inline)) static inline int always_inlined(int x) { return x / 3 + 7; }
int call_inlined(int x) { return always_inlined(x) * always_inlined(x + 1); }
