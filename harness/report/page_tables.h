#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/report/source_lines.h"

namespace faultline {

// A table of distinct values, numbered in order of first use.
template <typename T>
class Numbering {
 public:
  size_t Of(const T& value) {
    const auto [entry, is_new] = numbers_.try_emplace(value, values_.size());
    if (is_new) {
      values_.push_back(value);
    }
    return entry->second;
  }
  const std::vector<T>& values() const { return values_; }

 private:
  std::map<T, size_t> numbers_;
  std::vector<T> values_;
};

// What the page's data refers to by number: texts, frames of stacks, and the source around them.
class PageTables {
 public:
  // `source`: root of the target's source tree; "" = none.
  explicit PageTables(const std::filesystem::path& source) : source_(source) {}

  size_t String(const std::string& text) { return strings_.Of(text); }
  size_t Point(const std::string& name) { return points_.Of(name); }
  // Indexes of the frames of a stack as stores keep it; empty for a text of another form. The
  // source of the first ones is to be seen.
  nlohmann::json Stack(const std::string& stack);

  // `points`, `frames`, `source` and `strings` of the page, once all else is in the tables.
  void WriteTo(nlohmann::json& page);

 private:
  struct FrameKey {
    std::string function;
    std::string file;
    int line = 0;
    std::string module;
    uint64_t offset = 0;  // in the module, of a frame without a function
    auto operator<=>(const FrameKey&) const = default;
  };

  nlohmann::json Frames();
  nlohmann::json Source();

  SourceLines source_;
  Numbering<std::string> strings_;
  Numbering<std::string> points_;
  Numbering<FrameKey> frames_;
  std::set<size_t> shown_;  // frames of which the source is to be seen
};

}  // namespace faultline
