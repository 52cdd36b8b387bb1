#include "harness/sweep/nesting.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string_view>

namespace faultline {
namespace {

using Frames = std::vector<uint64_t>;
using AddressSpan = std::span<const uint64_t>;

// Canonical stacks are cut at this depth; suffixes are compared as far as both reach.
constexpr size_t kMaxFrames = protocol::kMaxFrames;
// A wrapper has at most so many frames of its own between the two points.
constexpr size_t kMostOwnFrames = 4;

class SiteNesting {
 public:
  SiteNesting(const Evidence& evidence, const Catalogue& catalogue)
      : evidence_(evidence), catalogue_(catalogue) {
    const JournalSnapshot& journal = evidence.journal;
    first_call_.assign(journal.sites.size(), std::numeric_limits<uint64_t>::max());
    for (const protocol::JournalRecord& record : journal.records) {
      if (record.site < first_call_.size()) {
        uint64_t& first = first_call_[record.site];
        first = std::min(first, record.sequence);
      }
    }
    for (size_t i = 0; i < journal.sites.size(); ++i) {
      by_inner_frames_[InnerFrames(FramesOf(i))].push_back(i);
    }
  }

  // The next outer site of site `inner`, or -1.
  int OuterOf(size_t inner) const {
    const Frames& frames = FramesOf(inner);
    for (size_t own = 0; own <= std::min(kMostOwnFrames, frames.size() - 1); ++own) {
      const auto same = by_inner_frames_.find(InnerFrames(AddressSpan(frames).subspan(own)));
      if (same == by_inner_frames_.end()) {
        continue;
      }
      for (const size_t outer : same->second) {
        if (outer != inner && Encloses(outer, inner, own)) {
          return static_cast<int>(outer);
        }
      }
    }
    return -1;
  }

 private:
  // Few frames tell stacks apart well enough to look the rest over.
  static Frames InnerFrames(AddressSpan frames) {
    return {frames.begin(),
            frames.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(3, frames.size()))};
  }
  const Frames& FramesOf(size_t site) const {
    return evidence_.journal.stacks[evidence_.journal.sites[site].stack].frames;
  }
  const std::string& PointOf(size_t site) const {
    return evidence_.points[evidence_.journal.sites[site].point];
  }
  std::string_view ModuleOf(uint64_t frame) const {
    const uint32_t module = protocol::FrameModule(frame);
    if (module >= evidence_.journal.modules.size()) {
      return "";
    }
    const std::string_view path = evidence_.journal.modules[module].path;
    return path.substr(path.rfind('/') + 1);
  }

  bool Encloses(size_t outer, size_t inner, size_t own) const {
    if (first_call_[outer] >= first_call_[inner] || PointOf(outer) == PointOf(inner)) {
      return false;
    }
    const Frames& in = FramesOf(inner);
    const Frames& out = FramesOf(outer);
    const size_t common = std::min(in.size() - own, out.size());
    const bool whole = in.size() - own == out.size() || in.size() == kMaxFrames;
    if (!whole || !std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(common),
                              in.begin() + static_cast<std::ptrdiff_t>(own))) {
      return false;
    }
    return (own == 0 && IsWrapper(PointOf(outer))) || AreLayers(PointOf(outer), PointOf(inner)) ||
           IsWithinLibc(AddressSpan(in).first(own), PointOf(outer));
  }

  bool IsWrapper(const std::string& point) const {
    const FaultPoint* found = catalogue_.FindPoint(point);
    const std::vector<std::string>& wrappers = catalogue_.wrappers;
    return found != nullptr &&
           std::any_of(
               found->symbols.begin(), found->symbols.end(), [&](const std::string& symbol) {
                 return std::find(wrappers.begin(), wrappers.end(), symbol) != wrappers.end();
               });
  }

  bool AreLayers(const std::string& outer, const std::string& inner) const {
    const std::vector<std::string>& groups = catalogue_.allocations;
    return GroupOf(outer) == GroupOf(inner) &&
           std::find(groups.begin(), groups.end(), GroupOf(outer)) != groups.end();
  }

  bool IsWithinLibc(AddressSpan own_frames, std::string_view outer_point) const {
    return outer_point.starts_with("libc/") &&
           std::all_of(own_frames.begin(), own_frames.end(),
                       [this](uint64_t frame) { return ModuleOf(frame).starts_with("libc.so"); });
  }

  const Evidence& evidence_;
  const Catalogue& catalogue_;
  std::vector<uint64_t> first_call_;
  std::map<Frames, std::vector<size_t>> by_inner_frames_;
};

}  // namespace

std::vector<int> FindOuterSites(const Evidence& evidence, const Catalogue& catalogue) {
  const SiteNesting nesting(evidence, catalogue);
  std::vector<int> outer;
  for (size_t i = 0; i < evidence.journal.sites.size(); ++i) {
    outer.push_back(nesting.OuterOf(i));
  }
  return outer;
}

}  // namespace faultline
