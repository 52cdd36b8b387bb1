#include "harness/report/source_lines.h"

#include <algorithm>
#include <sstream>

#include "harness/base/files.h"

namespace faultline {

std::optional<SourceSnippet> SourceLines::Around(const std::string& file, int line, int context) {
  const std::vector<std::string>* lines = root_.empty() || line < 1 ? nullptr : Lines(file);
  if (lines == nullptr || static_cast<size_t>(line) > lines->size()) {
    return std::nullopt;
  }
  SourceSnippet snippet;
  snippet.first = std::max(1, line - context);
  const int last = std::min(static_cast<int>(lines->size()), line + context);
  snippet.lines.assign(lines->begin() + (snippet.first - 1), lines->begin() + last);
  return snippet;
}

std::optional<std::filesystem::path> SourceLines::Find(const std::string& file) const {
  if (root_.empty()) {
    return std::nullopt;
  }
  // Without "..": nothing outside of the root is shown.
  std::vector<std::filesystem::path> parts;
  for (const std::filesystem::path& part :
       std::filesystem::path(file).lexically_normal().relative_path()) {
    if (part != "..") {
      parts.push_back(part);
    }
  }
  for (size_t from = 0; from < parts.size(); ++from) {
    std::filesystem::path path;
    for (size_t i = from; i < parts.size(); ++i) {
      path /= parts[i];
    }
    std::error_code error;
    if (std::filesystem::is_regular_file(root_ / path, error)) {
      return path;
    }
  }
  return std::nullopt;
}

const std::vector<std::string>* SourceLines::Lines(const std::string& file) {
  auto [entry, is_new] = files_.try_emplace(file);
  if (is_new) {
    const std::optional<std::filesystem::path> path = Find(file);
    if (const auto text = path ? ReadFile(root_ / *path) : std::nullopt) {
      std::istringstream stream(*text);
      for (std::string line; std::getline(stream, line);) {
        entry->second.push_back(line);
      }
    }
  }
  return entry->second.empty() ? nullptr : &entry->second;
}

}  // namespace faultline
