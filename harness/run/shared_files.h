#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace faultline {

// Who has made what lies in a directory that several targets share: it is looked into whenever one
// of them is about to start and when one has ended, and what is new there is by one that ran since
// the look before. A socket is bound, not opened, so no record says whose it is.
class SharedFiles {
 public:
  // Target `name` starts.
  void Begin(const std::string& name) { ran_.insert(name); }
  // `files` are there now, and the targets `running` go on.
  void Look(const std::vector<std::string>& files, const std::set<std::string>& running);
  // The only target that ran while `file` appeared; "" = several did, or it is not known.
  std::string MakerOf(const std::string& file) const;

 private:
  std::set<std::string> ran_;  // since the last look
  std::map<std::string, std::set<std::string>> makers_;
};

}  // namespace faultline
