#include "harness/run/snapshot_hugepages.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/hugepage_pool.h"

namespace faultline {
namespace {

using Argument = SnapshotSteps::Argument;
using Range = protocol::SnapshotControl::Range;

constexpr char kOwnHugepages[] = "hugepages of its own";
constexpr int kReadAndWrite = PROT_READ | PROT_WRITE;
constexpr uint64_t kPage = uint64_t{kHugepageMb} << 20;

std::vector<Mapping> SharedBelow(const std::filesystem::path& huge_dir,
                                 const std::vector<Mapping>& mappings) {
  std::vector<Mapping> shared;
  const std::string below = huge_dir.string() + "/";
  std::copy_if(mappings.begin(), mappings.end(), std::back_inserter(shared),
               [&](const Mapping& one) {
                 return !huge_dir.empty() && one.shared && one.path.starts_with(below);
               });
  return shared;
}

void CheckThatTheyCanBe(const std::vector<Mapping>& shared) {
  std::set<std::pair<uint64_t, uint64_t>> parts;  // inode, offset
  for (const Mapping& mapping : shared) {
    if ((mapping.protection & PROT_READ) == 0) {
      throw CannotCarry(fmt::format("hugepages that it may not read: {}", mapping.path));
    }
    for (uint64_t at = 0; at < mapping.end - mapping.begin; at += kPage) {
      if (!parts.emplace(mapping.inode, mapping.offset + at).second) {
        throw CannotCarry(fmt::format("hugepages that it maps twice: {}", mapping.path));
      }
    }
  }
}

// Those that lie one behind the other as one.
std::vector<Range> RangesOf(const std::vector<Mapping>& shared) {
  std::vector<Range> ranges;
  for (const Mapping& mapping : shared) {
    if (!ranges.empty() && ranges.back().end == mapping.begin) {
      ranges.back().end = mapping.end;
    } else {
      ranges.push_back({mapping.begin, mapping.end});
    }
  }
  return ranges;
}

std::unique_ptr<HugepageReservation> Reserve(const std::vector<Range>& ranges) {
  const uint64_t bytes =
      std::accumulate(ranges.begin(), ranges.end(), uint64_t{0},
                      [](uint64_t sum, const Range& one) { return sum + one.end - one.begin; });
  try {
    return std::make_unique<HugepageReservation>(static_cast<int>(bytes >> 20));
  } catch (const Failure& failure) {
    throw CannotCarry(fmt::format("{}: {}", kOwnHugepages, failure.what()));
  }
}

}  // namespace

bool SnapshotHugepages::MakeOwn(const std::vector<Mapping>& mappings,
                                const std::filesystem::path& huge_dir, SnapshotSteps& steps) {
  const std::vector<Mapping> shared = SharedBelow(huge_dir, mappings);
  if (shared.empty()) {
    return false;
  }
  CheckThatTheyCanBe(shared);
  const std::vector<Range> ranges = RangesOf(shared);
  reserved_.push_back(Reserve(ranges));
  for (const auto& [begin, end] : ranges) {
    const uint64_t size = end - begin;
    const Argument aside = steps.Add(
        __NR_mmap, {0, size, kReadAndWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0},
        kOwnHugepages);
    steps.Add(protocol::SnapshotStep::kCopy, {aside, begin, size, 0}, kOwnHugepages);
    steps.Add(__NR_mremap, {aside, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin},
              kOwnHugepages);
  }
  for (const Mapping& mapping : shared) {
    if (mapping.protection != kReadAndWrite) {
      steps.Add(__NR_mprotect, {mapping.begin, mapping.end - mapping.begin, mapping.protection},
                kOwnHugepages);
    }
  }
  own_.insert(own_.end(), ranges.begin(), ranges.end());
  return true;
}

void SnapshotHugepages::Tell(protocol::SnapshotControl& control) const {
  const size_t count = std::min<size_t>(own_.size(), protocol::kSnapshotHugepages);
  std::copy_n(own_.begin(), count, control.child_hugepages);
  control.child_hugepage_count = static_cast<uint32_t>(count);
}

}  // namespace faultline
