#pragma once

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace victim {

inline std::atomic<bool> wrong = false;

}  // namespace victim

// Tells what is not as it should be, and that the whole is broken; goes on.
#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) {                                             \
      victim::wrong = true;                                         \
      std::printf("wrong: %s (%s)\n", #condition, strerror(errno)); \
    }                                                               \
  } while (false)
