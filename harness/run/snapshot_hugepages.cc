#include "harness/run/snapshot_hugepages.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <set>
#include <utility>

namespace faultline {
namespace {

using Argument = SnapshotSteps::Argument;

constexpr char kOwnHugepages[] = "hugepages of its own";
constexpr int kReadAndWrite = PROT_READ | PROT_WRITE;

bool IsIn(const Mapping& mapping, const std::vector<HugepageRange>& ranges) {
  for (const HugepageRange& range : ranges) {
    if (mapping.begin >= range.begin && mapping.end <= range.end) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<HugepageRange> SharedHugepages(const std::vector<Mapping>& mappings,
                                           const std::filesystem::path& huge_dir) {
  std::vector<HugepageRange> ranges;
  if (huge_dir.empty()) {
    return ranges;
  }
  const std::string below = huge_dir.string() + "/";
  std::set<std::pair<uint64_t, uint64_t>> parts;  // inode, offset
  for (const Mapping& mapping : mappings) {
    if (!mapping.shared || !mapping.path.starts_with(below)) {
      continue;
    }
    if ((mapping.protection & PROT_READ) == 0) {
      throw CannotCarry(fmt::format("hugepages that it may not read: {}", mapping.path));
    }
    constexpr uint64_t kPage = uint64_t{2} << 20;
    for (uint64_t at = mapping.begin; at < mapping.end; at += kPage) {
      if (!parts.emplace(mapping.inode, mapping.offset + at - mapping.begin).second) {
        throw CannotCarry(fmt::format("hugepages that it maps twice: {}", mapping.path));
      }
    }
    if (!ranges.empty() && ranges.back().end == mapping.begin) {
      ranges.back().end = mapping.end;
    } else {
      ranges.push_back({mapping.begin, mapping.end});
    }
  }
  return ranges;
}

void AddOwnHugepages(const std::vector<HugepageRange>& ranges, const std::vector<Mapping>& mappings,
                     SnapshotSteps& steps) {
  for (const auto& [begin, end] : ranges) {
    const uint64_t size = end - begin;
    const Argument aside = steps.Add(
        __NR_mmap, {0, size, kReadAndWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0},
        kOwnHugepages);
    steps.Add(protocol::SnapshotStep::kCopy, {aside, begin, size, 0}, kOwnHugepages);
    steps.Add(__NR_mremap, {aside, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin},
              kOwnHugepages);
  }
  for (const Mapping& mapping : mappings) {
    if (mapping.shared && mapping.protection != kReadAndWrite && IsIn(mapping, ranges)) {
      steps.Add(__NR_mprotect, {mapping.begin, mapping.end - mapping.begin, mapping.protection},
                kOwnHugepages);
    }
  }
}

}  // namespace faultline
