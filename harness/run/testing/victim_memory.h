#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace victim {

// Memory that is shared by name of a descriptor alone. `what` is the argument of snapshot_victim;
// for one that is not about memory there is none.
class LargeMemory {
 public:
  explicit LargeMemory(const std::string& what);

  // At the end: everything is as it was written. Prints what kind of memory it is.
  void Check();

 private:
  static constexpr size_t kSize = 64u << 20;
  static constexpr size_t kEvery = 1u << 17;  // words: 1 MiB

  static bool Clear(uint64_t* words);
  std::string Kind() const;
  static uint64_t* Map(int fd);

  uint64_t* first_ = nullptr;
  uint64_t* second_ = nullptr;
  uint64_t* of_file_ = nullptr;
  int again_ = -1;
};

}  // namespace victim
