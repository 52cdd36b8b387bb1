#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/diagnostics.h"

namespace faultline {

// A YAML document as plain values that know where they were written. Aliases share their value;
// merge keys (<<) are already merged. Immutable once made.
struct YamlValue {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Entry {
    std::string key;
    SourcePosition key_position;
    std::shared_ptr<const YamlValue> value;
  };

  Kind kind = Kind::kNull;
  SourcePosition position;
  std::string text;     // of a scalar
  bool quoted = false;  // a scalar that is a string whatever it looks like
  std::vector<std::shared_ptr<const YamlValue>> items;  // of a sequence
  std::vector<Entry> entries;                           // of a map, in the order written
  size_t weight = 1;                                    // values in it, aliases counted each time

  const Entry* Find(std::string_view key) const;  // of a map; nullptr when absent
  // "a list", "a map", "nothing" or "`TEXT`" (cut when long), for messages.
  std::string Describe() const;
};
using YamlPtr = std::shared_ptr<const YamlValue>;

// Limits against hostile files; far above anything a person writes.
inline constexpr size_t kMaxYamlBytes = size_t{1024} * 1024;
inline constexpr size_t kMaxYamlDepth = 64;
inline constexpr size_t kMaxYamlWeight = 100'000;

// Reads one document. nullptr when it cannot be read, which `diagnostics` then says; a key that is
// given twice is told but does not stop the reading. Only regular files are opened for reading.
YamlPtr ReadYamlFile(const std::filesystem::path& file, Diagnostics& diagnostics);
// `name` is the file's name in positions.
YamlPtr ParseYaml(const std::string& text, const std::string& name, Diagnostics& diagnostics);

}  // namespace faultline
