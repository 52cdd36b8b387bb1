#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

// A few lines of a source file.
struct SourceSnippet {
  int first = 1;
  std::vector<std::string> lines;
};

// Finds source files of a target in a tree that may lie elsewhere than where it was built. One
// thread.
class SourceLines {
 public:
  explicit SourceLines(std::filesystem::path root) : root_(std::move(root)) {}

  // Where `file`, a path as debug information has it, lies below the root: of its trailing parts
  // ("/build/spdk/lib/a.c", "spdk/lib/a.c", "lib/a.c", ...) the longest that is a regular file
  // there, relative to the root. Nothing when there is none, or no root.
  std::optional<std::filesystem::path> Find(const std::string& file) const;

  // The lines around `line` of that file. Nothing when there is none, or it has no such line.
  std::optional<SourceSnippet> Around(const std::string& file, int line, int context = 4);

 private:
  const std::vector<std::string>* Lines(const std::string& file);

  std::filesystem::path root_;
  std::map<std::string, std::vector<std::string>> files_;  // as asked for; empty: not found
};

}  // namespace faultline
