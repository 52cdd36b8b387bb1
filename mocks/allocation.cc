#include "mocks/allocation.h"

#include <cstdlib>
#include <cstring>
#include <set>

namespace faultline::mocks {
namespace {

bool g_counting = false;
int g_fail_at = 0;
bool g_persistent = false;
int g_calls = 0;

std::set<void*>& LiveBlocks() {
  static std::set<void*> blocks;
  return blocks;
}

bool IsDue() {
  if (!g_counting) {
    return false;
  }
  ++g_calls;
  return g_fail_at != 0 && (g_persistent ? g_calls >= g_fail_at : g_calls == g_fail_at);
}

void* Remember(void* block) {
  if (g_counting && block != nullptr) {
    LiveBlocks().insert(block);
  }
  return block;
}

}  // namespace

void Allocations::Begin(int fail_at, bool persistent) {
  LiveBlocks().clear();
  g_calls = 0;
  g_fail_at = fail_at;
  g_persistent = persistent;
  g_counting = true;
}

void Allocations::End() { g_counting = false; }
int Allocations::Calls() { return g_calls; }
int Allocations::Live() { return static_cast<int>(LiveBlocks().size()); }

}  // namespace faultline::mocks

using faultline::mocks::IsDue;
using faultline::mocks::LiveBlocks;
using faultline::mocks::Remember;

// The linker's --wrap sends the calls of the objects it links here.
extern "C" {

void* __real_calloc(size_t count, size_t size);
void* __real_malloc(size_t size);
void* __real_realloc(void* block, size_t size);
char* __real_strdup(const char* text);
void __real_free(void* block);

void* __wrap_calloc(size_t count, size_t size) {
  return IsDue() ? nullptr : Remember(__real_calloc(count, size));
}

void* __wrap_malloc(size_t size) { return IsDue() ? nullptr : Remember(__real_malloc(size)); }

void* __wrap_realloc(void* block, size_t size) {
  if (IsDue()) {
    return nullptr;
  }
  LiveBlocks().erase(block);
  return Remember(__real_realloc(block, size));
}

char* __wrap_strdup(const char* text) {
  return IsDue() ? nullptr : static_cast<char*>(Remember(__real_strdup(text)));
}

void __wrap_free(void* block) {
  LiveBlocks().erase(block);
  __real_free(block);
}

}  // extern "C"
