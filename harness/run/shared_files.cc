#include "harness/run/shared_files.h"

#include <utility>

namespace faultline {

void SharedFiles::Look(const std::vector<std::string>& files,
                       const std::set<std::string>& running) {
  std::map<std::string, std::set<std::string>> now;
  for (const std::string& file : files) {
    const auto known = makers_.find(file);
    now[file] = known == makers_.end() ? ran_ : known->second;
  }
  makers_ = std::move(now);
  ran_ = running;
}

std::string SharedFiles::MakerOf(const std::string& file) const {
  const auto found = makers_.find(file);
  return found == makers_.end() || found->second.size() != 1 ? "" : *found->second.begin();
}

}  // namespace faultline
