#include "harness/run/testing/victim_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "harness/run/testing/victim_check.h"

namespace victim {

LargeMemory::LargeMemory(const std::string& what) {
  constexpr std::string_view kAll[] = {"memory", "mirror",  "inherits",
                                       "again",  "written", "cleared"};
  if (std::find(std::begin(kAll), std::end(kAll), what) == std::end(kAll)) {
    return;
  }
  const int fd = memfd_create("large", 0);
  again_ = what == "again" ? fd : -1;
  CHECK(ftruncate(fd, kSize) == 0);
  constexpr uint64_t kWritten = 17;
  if (what == "written") {
    CHECK(pwrite(fd, &kWritten, sizeof(kWritten), sizeof(kWritten)) == sizeof(kWritten));
  }
  first_ = Map(fd);
  CHECK(what != "written" || first_[1] == kWritten);
  second_ = what == "mirror" ? Map(fd) : first_;
  if (what == "cleared") {
    const int file = open("cleared", O_RDWR | O_CREAT, 0600);
    CHECK(file >= 0 && ftruncate(file, kSize) == 0);
    of_file_ = Map(file);
  }
  for (size_t i = 0; i < kSize / sizeof(uint64_t); i += kEvery) {
    first_[i] = i;
  }
  if (what == "inherits") {
    const pid_t child = fork();
    if (child == 0) {
      first_[kEvery + 1] = 5;
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    CHECK(first_[kEvery + 1] == 5);
  }
}

void LargeMemory::Check() {
  if (again_ >= 0) {
    second_ = Map(again_);
  }
  for (size_t i = 0; first_ != nullptr && i < kSize / sizeof(uint64_t); i += kEvery) {
    CHECK(first_[i] == i && second_[i] == i);
    first_[i] = 3 * i;
    CHECK(second_[i] == 3 * i);
  }
  if (of_file_ != nullptr) {
    const bool is_given_back = !Clear(first_);
    CHECK(Clear(of_file_));
    std::printf("%s\n", is_given_back ? "given back" : "written to");
  } else if (first_ != nullptr) {
    std::printf("%s\n", Kind().c_str());
  }
}

// All but the first byte and the last. Is the memory still there afterwards?
bool LargeMemory::Clear(uint64_t* words) {
  auto* const bytes = reinterpret_cast<unsigned char*>(words);
  std::memset(bytes, 0xff, kSize);
  std::memset(bytes + 1, 0, kSize - 2);
  unsigned char is_there[kSize / 4096];
  CHECK(mincore(bytes, kSize, is_there) == 0);
  const auto resident = std::count_if(std::begin(is_there), std::end(is_there),
                                      [](unsigned char page) { return (page & 1) != 0; });
  CHECK(bytes[0] == 0xff && bytes[kSize - 1] == 0xff);
  CHECK(std::all_of(bytes + 1, bytes + kSize - 1, [](unsigned char one) { return one == 0; }));
  return resident > std::ssize(is_there) / 2;
}

// Of the first mapping, as the kernel tells it.
std::string LargeMemory::Kind() const {
  std::ifstream maps("/proc/self/smaps");
  std::string kind = "gone";
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char access[5] = {};
    const auto address = reinterpret_cast<unsigned long>(first_);
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) == 3 && begin <= address &&
        address < end) {
      kind = access[3] == 's' ? "shared" : "its own";
    } else if (kind != "gone" && line.starts_with("VmFlags:")) {
      return kind + (line.find(" hg") != std::string::npos ? ", in large pages" : "");
    }
  }
  return kind;
}

uint64_t* LargeMemory::Map(int fd) {
  void* base = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(base != MAP_FAILED);
  return static_cast<uint64_t*>(base);
}

}  // namespace victim
