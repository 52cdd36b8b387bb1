#include "harness/run/snapshot_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

using Argument = SnapshotSteps::Argument;

constexpr uint64_t kWorkingDirectory = static_cast<uint64_t>(AT_FDCWD);
// Copying so many bytes is cheaper than another step.
constexpr off_t kGap = 1 << 16;

// The parts of a mapping that hold anything, as offsets in it.
std::vector<std::pair<uint64_t, uint64_t>> DataOf(pid_t pid, const Mapping& mapping) {
  const std::string file =
      fmt::format("/proc/{}/map_files/{:x}-{:x}", pid, mapping.begin, mapping.end);
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    throw CannotCarry(mapping.path + ": shared memory that cannot be looked at");
  }
  std::vector<std::pair<uint64_t, uint64_t>> parts;
  const auto first = static_cast<off_t>(mapping.offset);
  const auto last = static_cast<off_t>(mapping.offset + (mapping.end - mapping.begin));
  for (off_t at = lseek(fd.get(), first, SEEK_DATA); at >= 0 && at < last;
       at = lseek(fd.get(), at, SEEK_DATA)) {
    const off_t begin = at;
    at = std::min(lseek(fd.get(), at, SEEK_HOLE), last);
    if (!parts.empty() && static_cast<off_t>(parts.back().second) + kGap > begin - first) {
      parts.back().second = static_cast<uint64_t>(at - first);
    } else {
      parts.emplace_back(begin - first, at - first);
    }
  }
  return parts;
}

double ThreadCpuMs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

constexpr uint64_t kLargePage = uint64_t{2} << 20;
constexpr uint64_t kSmallPage = 4096;

// CPU time for the first write to each page of so many MiB; goes no further than `most_ms`.
double MsToTouch(uint64_t mb, int advice, double most_ms) {
  const uint64_t size = (mb << 20) + kLargePage;
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    return most_ms;
  }
  madvise(base, size, advice);
  auto* const begin = reinterpret_cast<volatile char*>(
      (reinterpret_cast<uintptr_t>(base) + kLargePage - 1) / kLargePage * kLargePage);
  const double before = ThreadCpuMs();
  double took = 0;
  for (uint64_t at = 0; at < mb << 20 && took < most_ms; at += kSmallPage) {
    begin[at] = 1;
    took = at % kLargePage == 0 ? ThreadCpuMs() - before : took;
  }
  took = ThreadCpuMs() - before;
  munmap(base, size);
  return took;
}

}  // namespace

bool LargePagesAreCheaper(uint64_t mb) { return LargePagesAreCheaper(mb, MsToTouch); }

bool LargePagesAreCheaper(uint64_t mb, const TouchCost& ms_to_touch) {
  constexpr uint64_t kSmallMb = 16;
  constexpr double kNoLimit = 1e9;
  const double small_ms = ms_to_touch(kSmallMb, MADV_NOHUGEPAGE, kNoLimit);
  const double due_ms = small_ms * static_cast<double>(mb) / kSmallMb;
  return ms_to_touch(mb, MADV_HUGEPAGE, due_ms) < due_ms;
}

bool IsMappedTwice(const Mapping& mapping, const std::vector<Mapping>& mappings) {
  return std::any_of(mappings.begin(), mappings.end(), [&](const Mapping& other) {
    return other.begin != mapping.begin && other.shared && IsNameless(other) &&
           other.inode == mapping.inode &&
           other.offset < mapping.offset + mapping.end - mapping.begin &&
           mapping.offset < other.offset + other.end - other.begin;
  });
}

bool IsNameless(const Mapping& mapping) {
  return mapping.path.starts_with("/memfd:") || mapping.path == "/dev/zero (deleted)" ||
         (mapping.path.starts_with("/dev/shm/") && mapping.path.ends_with(" (deleted)"));
}

void AddPrivateMemory(pid_t carrier, const std::vector<Mapping>& mappings, SnapshotSteps& steps,
                      std::vector<MemoryRange>& made_private) {
  for (const Mapping& mapping : mappings) {
    if (!mapping.shared || !IsNameless(mapping)) {
      continue;
    }
    if (IsMappedTwice(mapping, mappings)) {
      throw CannotCarry(fmt::format("memory that it maps twice: {}", mapping.path));
    }
    const uint64_t size = mapping.end - mapping.begin;
    made_private.push_back({mapping.begin, size, mapping.inode});
    const std::string& what = mapping.path;
    const Argument aside = steps.Add(
        __NR_mmap, {0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0}, what);
    steps.Add(__NR_mremap, {mapping.begin, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, aside}, what);
    steps.Add(__NR_mmap,
              {mapping.begin, size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0},
              what);
    for (const auto& [begin, end] : DataOf(carrier, mapping)) {
      steps.Add(protocol::SnapshotStep::kCopy, {mapping.begin + begin, aside, end - begin, begin},
                what);
    }
    steps.Add(__NR_munmap, {aside, size}, what);
    if (mapping.protection != (PROT_READ | PROT_WRITE)) {
      steps.Add(__NR_mprotect, {mapping.begin, size, mapping.protection}, what);
    }
  }
}

void AddMappings(const SnapshotMemoryPlan& plan, const std::vector<Mapping>& mappings,
                 SnapshotSteps& steps) {
  const std::string below = plan.run_dir.string() + "/";
  for (const Mapping& mapping : mappings) {
    if (!mapping.shared || mapping.path == plan.control) {
      continue;
    }
    const bool own = mapping.path.starts_with(below) || mapping.path.starts_with("/dev/shm/");
    if (!own || mapping.path.ends_with(" (deleted)")) {
      throw CannotCarry(fmt::format("memory that is shared: {}", mapping.path));
    }
    const bool writable = (mapping.protection & PROT_WRITE) != 0 || mapping.path == plan.journal;
    const Argument fd = steps.Add(
        __NR_openat, {kWorkingDirectory, steps.Text(mapping.path), writable ? O_RDWR : O_RDONLY, 0},
        mapping.path);
    steps.Add(__NR_mmap,
              {mapping.begin, mapping.end - mapping.begin, mapping.protection,
               MAP_SHARED | MAP_FIXED, fd, mapping.offset},
              mapping.path);
    steps.Add(__NR_close, {fd}, "");
  }
}

uint64_t FreeAddress(const std::vector<Mapping>& mappings, uint64_t size) {
  // Far from everything on both sides.
  constexpr uint64_t kRoom = uint64_t{1} << 30;
  uint64_t last = uint64_t{1} << 32;
  for (const Mapping& mapping : mappings) {
    if (mapping.begin > last && mapping.begin - last > size + 2 * kRoom) {
      return last + kRoom;
    }
    last = std::max(last, mapping.end);
  }
  throw CannotCarry("there is no room for its threads' first stacks");
}

}  // namespace faultline
