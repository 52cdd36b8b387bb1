#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace faultline {

// The functions of a source tree that changed since a revision, as line ranges of its files.
class ChangedLines {
 public:
  // Asks git (the program) for the changes in the work tree `source` since `revision`, uncommitted
  // ones too. Each range is grown to the whole function, as git's --function-context sees it: a
  // call stack passes through call lines, seldom through the very line that changed. Failure
  // (kBadInput) when git does not know the tree or the revision.
  static ChangedLines SinceRevision(const std::filesystem::path& source,
                                    const std::string& revision);
  // From the output of `git diff`.
  static ChangedLines FromDiff(const std::string& diff);

  // `file` is as debug info has it: a path that ends in the file's path in the tree, or (compilers
  // that run in the file's directory) just its end.
  bool Contains(const std::string& file, int line) const;
  // Whether anything changed in `file`.
  bool Touches(const std::string& file) const;
  // Whether anything changed in a file that lies beside `file`. false where debug info has no
  // folder of it.
  bool TouchesFolderOf(const std::string& file) const;
  bool empty() const { return ranges_.empty(); }

 private:
  // By path in the tree: [first, last] lines as they are now.
  std::map<std::string, std::vector<std::pair<int, int>>> ranges_;
};

}  // namespace faultline
