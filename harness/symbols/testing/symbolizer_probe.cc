#include "harness/symbols/testing/symbolizer_probe.h"

// symbolizer_test.cc names the numbered lines: keep them.
namespace probe {

struct Walker {
  [[gnu::noinline]] static void Walk(Visitor visit, int depth);
};

[[gnu::noinline]] static void Visit(Visitor visit) {
  visit(__builtin_return_address(0));
  asm volatile("");
}

[[gnu::always_inline]] inline void Inner(Visitor visit) {
  Visit(visit);  // line 16
  asm volatile("");
}

[[gnu::always_inline]] inline void Outer(Visitor visit) {
  Inner(visit);  // line 21
  asm volatile("");
}

void Walker::Walk(Visitor visit, int depth) {
  if (depth > 0) {
    Outer(visit);  // line 27
    asm volatile("");
  }
}

}  // namespace probe

int symbolizer_probe_variable[4] = {1, 2, 3, 4};

extern "C" [[gnu::noinline]] void symbolizer_probe(Visitor visit) {
  probe::Walker::Walk(visit, 1);
  asm volatile("");
}

static int own_variable = 1;

int* symbolizer_probe_shared() { return symbolizer_probe_variable; }
int* symbolizer_probe_own() { return &own_variable; }

namespace probe {
namespace {

struct Holder {
  [[gnu::noinline]] static int Hidden(int value) {
    asm volatile("");
    return value + 1;
  }
};

}  // namespace
}  // namespace probe

void* symbolizer_probe_hidden() { return reinterpret_cast<void*>(&probe::Holder::Hidden); }
