#include "harness/target/hugepage_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mntent.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

const std::filesystem::path& PoolDirectory() {
  static const std::filesystem::path directory = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  return directory;
}

int64_t ReadNumber(const std::filesystem::path& file) {
  int64_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

// What nr_hugepages sets. It reads more: pages that were taken out of the pool while in use count
// until their user lets go of them (Documentation/admin-guide/mm/hugetlbpage.rst, "surplus").
int64_t PersistentPages() {
  return ReadNumber(PoolDirectory() / "nr_hugepages") -
         ReadNumber(PoolDirectory() / "surplus_hugepages");
}

}  // namespace

std::optional<HugepagePool> ReadHugepagePool() {
  const std::filesystem::path& directory = PoolDirectory();
  if (access((directory / "nr_hugepages").c_str(), R_OK) != 0) {
    return std::nullopt;
  }
  return HugepagePool{.total = ReadNumber(directory / "nr_hugepages"),
                      .free = ReadNumber(directory / "free_hugepages"),
                      .reserved = ReadNumber(directory / "resv_hugepages")};
}

int64_t AddHugepages(int64_t pages) {
  const std::filesystem::path file = PoolDirectory() / "nr_hugepages";
  const UniqueFd fd(open(file.c_str(), O_RDWR | O_CLOEXEC));
  // The lock makes read and write one step among harnesses; others do not know of it.
  if (!fd || flock(fd.get(), LOCK_EX) != 0) {
    throw Failure::FromErrno("cannot change the number of hugepages (root may): " + file.native(),
                             errno);
  }
  const int64_t before = PersistentPages();
  const std::string wanted = std::to_string(std::max<int64_t>(before + pages, 0));
  if (write(fd.get(), wanted.data(), wanted.size()) < 0) {
    throw Failure::FromErrno(fmt::format("cannot write {} to {}", wanted, file.native()), errno);
  }
  return PersistentPages() - before;
}

bool MayChangeHugepages() { return access((PoolDirectory() / "nr_hugepages").c_str(), W_OK) == 0; }

std::vector<HugetlbfsMount> ReadHugetlbfsMounts() {
  struct Closer {
    void operator()(FILE* file) const { endmntent(file); }
  };
  std::vector<HugetlbfsMount> mounts;
  const std::unique_ptr<FILE, Closer> table(setmntent("/proc/self/mounts", "re"));
  mntent entry;
  std::array<char, 8192> buffer;
  while (table && getmntent_r(table.get(), &entry, buffer.data(), buffer.size()) != nullptr) {
    if (std::string_view(entry.mnt_type) == "hugetlbfs") {
      mounts.push_back({.directory = entry.mnt_dir,
                        .options = entry.mnt_opts,
                        .writable = access(entry.mnt_dir, W_OK) == 0});
    }
  }
  return mounts;
}

}  // namespace faultline
