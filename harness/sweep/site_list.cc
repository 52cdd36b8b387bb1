#include "harness/sweep/site_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

class SiteLister {
 public:
  SiteLister(const Evidence& evidence, Symbolizer& symbolizer)
      : evidence_(evidence), journal_(evidence.journal), symbolizer_(symbolizer) {
    for (const JournalRecord& record : journal_.records) {
      if (record.kind == JournalRecord::kThread) {
        threads_[record.tid] = record.label;
      }
    }
  }

  std::vector<StoredSite> List() {
    std::vector<StoredSite> sites;
    std::vector<bool> listed(journal_.sites.size(), false);
    for (const JournalRecord& record : journal_.records) {
      const bool is_call =
          record.kind == JournalRecord::kCall || record.kind == JournalRecord::kInjected;
      if (!is_call || (record.flags & JournalRecord::kInChild) != 0 ||
          record.site >= journal_.sites.size() || listed[record.site]) {
        continue;
      }
      listed[record.site] = true;
      sites.push_back(ReadSite(record));
    }
    return sites;
  }

 private:
  StoredSite ReadSite(const JournalRecord& record) {
    const JournalSite& entry = journal_.sites[record.site];
    StoredSite site;
    site.hash = SiteHashText(entry.hash);
    site.point = evidence_.points.at(entry.point);
    const Stack stack = symbolizer_.Symbolize(journal_, journal_.stacks[entry.stack]);
    site.place = PlaceOf(stack);
    site.stack = CompactText(StackToJson(stack));
    site.calls = static_cast<int64_t>(entry.calls);
    site.step = record.step;
    site.position = static_cast<int64_t>(record.sequence);
    site.thread = threads_[record.tid];
    site.before_main = (record.flags & JournalRecord::kBeforeMain) != 0;
    return site;
  }

  const Evidence& evidence_;
  const JournalSnapshot& journal_;
  Symbolizer& symbolizer_;
  std::map<uint32_t, std::string> threads_;
};

// The site that stands for site `index` under the policy; `index` itself for most.
size_t Representative(size_t index, Nested nested, const std::vector<int>& outer,
                      const std::vector<int>& innermost) {
  if (nested == Nested::kAll) {
    return index;
  }
  size_t top = index;
  while (outer[top] >= 0) {
    top = static_cast<size_t>(outer[top]);
  }
  return nested == Nested::kOutermost ? top : static_cast<size_t>(innermost[top]);
}

// For each outermost site the deepest site below it; of several the first.
std::vector<int> FindInnermost(const std::vector<int>& outer) {
  std::vector<int> innermost(outer.size(), -1);
  std::vector<int> depth(outer.size(), -1);
  for (size_t i = 0; i < outer.size(); ++i) {
    int levels = 0;
    size_t top = i;
    while (outer[top] >= 0) {
      top = static_cast<size_t>(outer[top]);
      ++levels;
    }
    if (levels > depth[top]) {
      depth[top] = levels;
      innermost[top] = static_cast<int>(i);
    }
  }
  return innermost;
}

}  // namespace

std::vector<StoredSite> ListSites(const Evidence& evidence, const Catalogue& catalogue,
                                  Nested nested, Symbolizer& symbolizer) {
  std::vector<StoredSite> sites = SiteLister(evidence, symbolizer).List();
  const std::vector<int> outer = FindOuterSites(evidence, catalogue);
  const std::vector<int> innermost = FindInnermost(outer);
  std::map<std::string, size_t> index_of;
  for (size_t i = 0; i < evidence.journal.sites.size(); ++i) {
    index_of[SiteHashText(evidence.journal.sites[i].hash)] = i;
  }
  for (StoredSite& site : sites) {
    const size_t index = index_of.at(site.hash);
    const size_t stands_for = Representative(index, nested, outer, innermost);
    if (stands_for != index) {
      site.nested_in = SiteHashText(evidence.journal.sites[stands_for].hash);
    }
  }
  return sites;
}

std::vector<const Evidence*> LivesOf(const Evidence& evidence, const std::string& target) {
  const Evidence* own = &evidence;
  for (const Evidence& one : evidence.targets) {
    own = one.target == target ? &one : own;
  }
  std::vector<const Evidence*> lives;
  for (const Evidence& life : own->lives) {
    lives.push_back(&life);
  }
  return lives.empty() ? std::vector<const Evidence*>{own} : lives;
}

std::vector<StoredSite> ListSitesOfLives(const Evidence& evidence, const std::string& target,
                                         int life, const Catalogue& catalogue, Nested nested,
                                         Symbolizer& symbolizer) {
  const std::vector<const Evidence*> lives = LivesOf(evidence, target);
  std::vector<StoredSite> sites;
  std::set<std::string> listed;
  int64_t behind = 0;  // positions of later lives come after those of earlier ones
  for (size_t i = 0; i < lives.size(); ++i) {
    if (life != 0 && std::cmp_not_equal(life, i + 1)) {
      continue;
    }
    int64_t last = behind;
    for (StoredSite& site : ListSites(*lives[i], catalogue, nested, symbolizer)) {
      site.position += behind;
      last = std::max(last, site.position);
      if (listed.insert(site.hash).second) {
        sites.push_back(std::move(site));
      }
    }
    behind = last + 1;
  }
  return sites;
}

std::string SiteHashText(uint64_t hash) { return fmt::format("{:016x}", hash); }

uint64_t SiteHashValue(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 16); }

}  // namespace faultline
