#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace victim {

// With "hugepages": memory that is shared by files of the hugetlbfs that is the directory "huge",
// as DPDK has it: a file with a name and one whose name has gone, of 4 MiB each.
class Hugepages {
 public:
  explicit Hugepages(const std::string& what);

  // At each call from 1 to 4: it is as the call before has left it.
  void CheckAndWrite(int call);
  // At the end: the files are there, and the hugetlbfs, of 12 MiB, has room for one more of them.
  // Prints what clearing does to the first and to that one.
  void CheckAtEnd();

 private:
  static constexpr size_t kPage = size_t{2} << 20;
  static constexpr size_t kSize = 2 * kPage;
  static constexpr size_t kWords = kSize / sizeof(uint64_t);
  static constexpr size_t kEvery = kWords / 16;

  static uint64_t* Map(int fd);
  // Afterwards the memory is not there until it is touched.
  static bool ClearGivesBack(uint64_t* words);

  uint64_t* named_ = nullptr;
  uint64_t* nameless_ = nullptr;
  int fd_ = -1;  // of the nameless one
};

}  // namespace victim
