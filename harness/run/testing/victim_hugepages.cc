#include "harness/run/testing/victim_hugepages.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "harness/run/testing/victim_check.h"

namespace victim {
namespace {

constexpr char kNamed[] = "huge/named";

int Make(const char* path, size_t size) {
  const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && ftruncate(fd, static_cast<off_t>(size)) == 0 && flock(fd, LOCK_SH) == 0);
  return fd;
}

}  // namespace

Hugepages::Hugepages(const std::string& what) {
  if (what != "hugepages") {
    return;
  }
  named_ = Map(Make(kNamed, kSize));
  fd_ = Make("huge/nameless", kSize);
  nameless_ = Map(fd_);
  unlink("huge/nameless");
  for (size_t i = 0; i < kWords; i += kEvery) {
    named_[i] = i;
    nameless_[i] = 2 * i;
  }
  CHECK(mprotect(nameless_ + kWords / 2, kPage, PROT_READ) == 0);
}

void Hugepages::CheckAndWrite(int call) {
  if (named_ == nullptr) {
    return;
  }
  const auto before = static_cast<uint64_t>(call - 1);
  CHECK(named_[0] == before && nameless_[0] == before);
  named_[0] = nameless_[0] = before + 1;
  for (size_t i = kEvery; i < kWords; i += kEvery) {
    CHECK(named_[i] == i && nameless_[i] == 2 * i);
  }
}

void Hugepages::CheckAtEnd() {
  if (named_ == nullptr) {
    return;
  }
  struct stat status {};
  CHECK(stat(kNamed, &status) == 0 && status.st_size == kSize);
  CHECK(fstat(fd_, &status) == 0 && status.st_size == kSize && status.st_nlink == 0);
  uint64_t* const more = Map(Make("huge/more", kSize));
  CHECK(more[0] == 0);
  const int too_much = Make("huge/too-much", kSize);
  CHECK(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, too_much, 0) == MAP_FAILED);
  const bool own_are_back = ClearGivesBack(named_);
  const bool shared_are_back = ClearGivesBack(more);
  std::printf("cleared hugepages: %s, %s\n", own_are_back ? "given back" : "written to",
              shared_are_back ? "given back" : "written to");
  unlink(kNamed);
  unlink("huge/more");
  unlink("huge/too-much");
}

bool Hugepages::ClearGivesBack(uint64_t* words) {
  std::memset(words, 0xff, kSize);
  std::memset(words, 0, kSize);
  unsigned char is_there[kSize / 4096];
  CHECK(mincore(words, kSize, is_there) == 0);
  CHECK(words[0] == 0 && words[kWords - 1] == 0);
  return (is_there[0] & 1) == 0;
}

uint64_t* Hugepages::Map(int fd) {
  void* base = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(base != MAP_FAILED);
  return static_cast<uint64_t*>(base);
}

}  // namespace victim
