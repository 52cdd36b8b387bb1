#include "harness/sweep/novelty_order.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <string>
#include <unordered_set>
#include <utility>

#include "harness/protocol/layout.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// What a new value of each kind is worth, against 1 for a frame that is new.
constexpr int kPointWeight = 16;
constexpr int kModuleWeight = 16;
constexpr int kCallerWeight = 8;

struct Feature {
  uint64_t hash;
  int weight;
};

std::vector<Feature> FeaturesOf(const StoredSite& site) {
  using protocol::HashText;
  std::vector<Feature> features = {{HashText("point " + site.point), kPointWeight}};
  const Stack stack = StackFromJson(site.stack);
  for (size_t i = 0; i < stack.size(); ++i) {
    const Frame& frame = stack[i];
    if (i == 0) {
      features.push_back({HashText("module " + frame.module), kModuleWeight});
      features.push_back(
          {HashText("caller " + frame.function + " " + frame.module), kCallerWeight});
    }
    features.push_back({HashText("frame " + frame.module + std::to_string(frame.offset)), 1});
  }
  return features;
}

}  // namespace

std::vector<StoredSite> NoveltyOrder(const std::vector<StoredSite>& sites) {
  std::vector<std::vector<Feature>> features;
  for (const StoredSite& site : sites) {
    features.push_back(FeaturesOf(site));
  }
  std::unordered_set<uint64_t> seen;
  const auto worth = [&](size_t index) {
    int sum = 0;
    for (const Feature& feature : features[index]) {
      sum += seen.contains(feature.hash) ? 0 : feature.weight;
    }
    return sum;
  };
  // A site's worth only shrinks as others are visited, so that a stale value in the queue is never
  // too small: whoever is still first after a second look is the best.
  std::priority_queue<std::pair<int, int64_t>> queue;  // worth, minus index
  for (size_t i = 0; i < sites.size(); ++i) {
    queue.emplace(worth(i), -static_cast<int64_t>(i));
  }
  std::vector<StoredSite> ordered;
  while (!queue.empty()) {
    const auto [old_worth, minus_index] = queue.top();
    queue.pop();
    const auto index = static_cast<size_t>(-minus_index);
    const int now = worth(index);
    if (now < old_worth) {
      queue.emplace(now, minus_index);
      continue;
    }
    for (const Feature& feature : features[index]) {
      seen.insert(feature.hash);
    }
    ordered.push_back(sites[index]);
  }
  return ordered;
}

std::vector<StoredSite> NearestFirst(std::vector<StoredSite> sites, const Selection& selection) {
  const auto others = std::stable_partition(
      sites.begin(), sites.end(),
      [&selection](const StoredSite& site) { return selection.Distance(site) <= kMostHelpers; });
  if (selection.beside_changes) {
    // Behind the calls of the same file all on whose stack the change is, then the files beside it.
    const auto rest = std::stable_partition(others, sites.end(), [&](const StoredSite& site) {
      return selection.IsBesideChange(StackFromJson(site.stack));
    });
    std::stable_partition(rest, sites.end(), [&](const StoredSite& site) {
      return selection.Distance(site) != std::numeric_limits<int>::max();
    });
  }
  return sites;
}

std::vector<StoredSite> RandomOrder(std::vector<StoredSite> sites, uint64_t seed) {
  // Fisher and Yates, with a generator that is the same everywhere (std::shuffle need not be).
  uint64_t state = seed;
  for (size_t left = sites.size(); left > 1; --left) {
    state = protocol::HashMix(state, left);
    std::swap(sites[left - 1], sites[state % left]);
  }
  return sites;
}

}  // namespace faultline
