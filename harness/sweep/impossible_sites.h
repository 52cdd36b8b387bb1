#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "harness/scenario/model.h"
#include "harness/store/records.h"

namespace faultline {

// The entry of `cannot_fail` in the catalogue that `site` comes under, nullptr when there is none.
const CallPattern* NeverFails(const StoredSite& site, const Catalogue& catalogue);

// Derived calls of which a sweep has seen that nothing below makes them fail, by the hash of their
// site, with the reason: the next sweep of the same build in the same scenario leaves them out. One
// file below a cache directory for each build (of the program and of every library it maps),
// scenario and catalogue. Losing it costs visits, never a wrong answer.
class ImpossibleSites {
 public:
  // An empty `cache_dir` keeps nothing. `key`: see ImpossibleSitesKey.
  ImpossibleSites(const std::filesystem::path& cache_dir, const std::string& key);

  // Empty when there is none, or none that this version can read.
  std::map<std::string, std::string> Load() const;
  // Adds `sites` to what is there. Failure (kCannotWork) when the cache cannot be written.
  void Add(const std::map<std::string, std::string>& sites) const;

 private:
  std::filesystem::path file_;  // empty: no cache
};

// Changes whenever something changes that the answers depend on. `catalogue` has all points: one
// more leaf may make a call possible. `cache_dir` tells which libraries the program maps late.
std::string ImpossibleSitesKey(const std::filesystem::path& program, const Scenario& scenario,
                               const Profile& profile, const Catalogue& catalogue,
                               const std::filesystem::path& cache_dir);

}  // namespace faultline
