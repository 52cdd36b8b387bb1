#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/data_kind.h"
#include "harness/scenario/diagnostics.h"

namespace faultline {

// The directories in which profiles, catalogues, steps and baselines are found by name, the first
// that has one first: DIR/profiles/NAME.yaml, or DIR/NAME.yaml when that is a profile by its keys.
// A value; thread-safe.
class DataPath {
 public:
  DataPath() = default;
  // One directory alone. Not explicit: a directory is the simplest path.
  DataPath(const std::filesystem::path& dir);
  explicit DataPath(std::vector<std::filesystem::path> dirs);

  const std::vector<std::filesystem::path>& dirs() const { return dirs_; }
  // The data that came with Faultline, the last of all. Not of an empty path.
  const std::filesystem::path& shipped() const { return dirs_.back(); }

  std::string ToString() const;  // "A, B or C", for messages

  // The same with the directory that `file` lies in before all others (of one in profiles/, its
  // parent), when it is none of them already: then that keeps its turn.
  DataPath Beside(const std::filesystem::path& file) const;

  // The file that `name`, written at `asked_at`, means. A path (./NAME.yaml, one that begins with a
  // slash, or any that ends in .yaml with no directory of its own) is taken from the directory of
  // the file it was written in, or from the current one. Anything else is searched for. `not_these`
  // are passed over: a profile may extend one of its own name. Unknown names are reported, with the
  // nearest.
  std::optional<std::filesystem::path> Find(
      DataKind kind, const std::string& name, const SourcePosition& asked_at,
      Diagnostics& diagnostics, const std::vector<std::filesystem::path>& not_these = {}) const;

  // All files of a kind, by name, in the order of the directories; of equal names the first is the
  // one that Find finds.
  struct Entry {
    std::string name;
    std::filesystem::path file;
    bool is_hidden = false;  // by one of the same name before it
  };
  std::vector<Entry> All(DataKind kind) const;

 private:
  std::vector<std::filesystem::path> dirs_;  // absolute, normal
};

// Is it the path of a file, rather than a name to search for?
bool IsFilePath(const std::string& name);

// `name` taken from the directory of the file that `asked_at` lies in.
std::filesystem::path ResolvePath(const std::string& name, const SourcePosition& asked_at);

}  // namespace faultline
