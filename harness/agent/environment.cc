#include "harness/agent/environment.h"

#include <cstring>
#include <string_view>

namespace faultline::agent {
namespace {

constexpr char kPreload[] = "LD_PRELOAD";

// The entry "name=value", or the environment's end.
char** FindEntry(char** environment, const char* name) {
  const size_t size = std::strlen(name);
  char** entry = environment;
  while (*entry != nullptr && !(std::strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')) {
    ++entry;
  }
  return entry;
}

std::string_view BaseName(std::string_view path) {
  path.remove_prefix(path.find_last_of('/') + 1);  // npos + 1 is 0
  return path;
}

bool IsSeparator(char c) { return c == ':' || c == ' '; }  // both, see ld.so(8)

}  // namespace

const char* FindVariable(char** environment, const char* name) {
  const char* entry = *FindEntry(environment, name);
  return entry == nullptr ? nullptr : entry + std::strlen(name) + 1;
}

void RemoveVariable(char** environment, const char* name) {
  for (char** entry = FindEntry(environment, name); *entry != nullptr;
       entry = FindEntry(entry, name)) {
    for (char** at = entry; *at != nullptr; ++at) {
      at[0] = at[1];
    }
  }
}

void RemoveFromPreload(char** environment, const char* library) {
  char* entry = *FindEntry(environment, kPreload);
  if (entry == nullptr) {
    return;
  }
  const std::string_view own = BaseName(library);
  char* const value = entry + sizeof(kPreload);
  char* kept = value;
  const char* at = value;
  while (*at != '\0') {
    const char* end = at;
    while (*end != '\0' && !IsSeparator(*end)) {
      ++end;
    }
    const auto size = static_cast<size_t>(end - at);
    if (size > 0 && BaseName({at, size}) != own) {
      if (kept != value) {
        *kept++ = ':';
      }
      std::memmove(kept, at, size);
      kept += size;
    }
    at = *end == '\0' ? end : end + 1;
  }
  // To the end, so that /proc/PID/environ does not show the remains.
  std::memset(kept, 0, static_cast<size_t>(at - kept));
  if (kept == value) {
    RemoveVariable(environment, kPreload);
  }
}

}  // namespace faultline::agent
