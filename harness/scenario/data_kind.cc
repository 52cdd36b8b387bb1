#include "harness/scenario/data_kind.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/text_file.h"
#include "harness/scenario/yaml_value.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

struct KindWords {
  DataKind kind;
  std::string_view name;
  std::string_view directory;
  // Keys that files of this kind alone have.
  std::vector<std::string_view> keys;
};

// In the order in which keys decide.
const std::array<KindWords, 5>& Kinds() {
  static const std::array<KindWords, 5> kKinds = {{
      {DataKind::kScenario,
       "scenario",
       "",
       {"profile", "targets", "faults", "tolerance", "known_findings"}},
      {DataKind::kBaseline, "baseline", "baselines", {"findings"}},
      {DataKind::kCatalogue,
       "catalogue",
       "catalogue",
       {"points", "observers", "wrappers", "abort_helpers", "allocations", "benign", "cannot_fail",
        "error_variables", "points-", "observers-"}},
      {DataKind::kProfile,
       "profile",
       "profiles",
       {"extends", "program", "program_variable", "args", "app_args", "ready", "catalogues",
        "required_args", "rpc", "terminal", "stop_signal", "stop", "log_patterns"}},
      {DataKind::kSteps, "file of steps", "steps", {}},
  }};
  return kKinds;
}

const KindWords& WordsOf(DataKind kind) {
  return *std::find_if(Kinds().begin(), Kinds().end(),
                       [&](const KindWords& words) { return words.kind == kind; });
}

using Keys = std::vector<std::string>;

bool Has(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool HasAny(const Keys& keys, const std::vector<std::string_view>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](std::string_view key) { return Has(keys, key); });
}

// The key that a line at the left margin begins with; "" when it begins with anything else.
std::string_view KeyOf(std::string_view line) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+";
  const size_t end = line.find_first_not_of(kWord);
  const bool is_key = end != 0 && end != std::string_view::npos && line[end] == ':' &&
                      (end + 1 == line.size() || line[end + 1] == ' ');
  return is_key ? line.substr(0, end) : std::string_view();
}

// The keys of a map as people write one, each at the left margin, without reading what is below
// them: whoever lists a directory asks this of each file there. nullopt: it is not written so.
std::optional<Keys> KeysAtMargin(std::string_view text) {
  Keys keys;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == ' ' || line[0] == '#' || line[0] == '\r') {
      continue;
    }
    if (KeyOf(line).empty()) {
      return std::nullopt;
    }
    keys.emplace_back(KeyOf(line));
  }
  return keys;
}

// Steps have no key of their own: a scenario that lacks its profile looks the same. They are what
// another file beside them includes.
bool IsIncludedNearby(const fs::path& file) {
  const std::string name = file.filename();
  std::string problem;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == name) {
      continue;
    }
    // What stands beside it may be anything: a FIFO, a link to /dev/zero.
    const std::optional<std::string> text = ReadTextFile(entry.path(), kMaxYamlBytes, problem);
    for (size_t at = text ? text->find("include:") : std::string::npos; at != std::string::npos;
         at = text->find("include:", at + 1)) {
      const std::string line = text->substr(at, text->find('\n', at) - at);
      if (line.find(name) != std::string::npos) {
        return true;
      }
    }
  }
  return false;
}

// Of the map that a text is; nullopt when it is none.
std::optional<Keys> KeysByReading(const std::string& text) {
  Diagnostics ignored;
  const YamlPtr root = ParseYaml(text, "", ignored);
  if (root == nullptr || root->kind != YamlValue::Kind::kMap) {
    return std::nullopt;
  }
  Keys keys;
  for (const YamlValue::Entry& entry : root->entries) {
    keys.push_back(entry.key);
  }
  return keys;
}

bool HasOurs(const Keys& keys) {
  return Has(keys, "faultline") ||
         std::any_of(Kinds().begin(), Kinds().end(),
                     [&](const KindWords& words) { return HasAny(keys, words.keys); });
}

}  // namespace

std::string_view NameOf(DataKind kind) { return WordsOf(kind).name; }
std::string_view DirectoryOf(DataKind kind) { return WordsOf(kind).directory; }

DataKind KindOfFile(const fs::path& file) {
  const fs::path absolute = fs::absolute(file).lexically_normal();
  const std::string directory = absolute.parent_path().filename();
  for (const KindWords& words : Kinds()) {
    if (!words.directory.empty() && words.directory == directory) {
      return words.kind;
    }
  }
  std::string problem;
  const std::optional<std::string> text = ReadTextFile(absolute, kMaxYamlBytes, problem);
  std::optional<Keys> keys = text ? KeysAtMargin(*text) : std::nullopt;
  if (text && !keys) {
    keys = KeysByReading(*text);
  }
  if (!keys) {
    return DataKind::kScenario;
  }
  for (const KindWords& words : Kinds()) {
    if (HasAny(*keys, words.keys)) {
      return words.kind;
    }
  }
  return Has(*keys, "steps") && IsIncludedNearby(absolute) ? DataKind::kSteps : DataKind::kScenario;
}

bool IsDataFile(const fs::path& file) {
  const std::string directory = fs::absolute(file).parent_path().filename();
  const bool in_own_directory =
      std::any_of(Kinds().begin(), Kinds().end(),
                  [&](const KindWords& words) { return words.directory == directory; });
  if (in_own_directory) {
    return true;
  }
  std::string problem;
  const std::optional<std::string> text = ReadTextFile(file, kMaxYamlBytes, problem);
  if (!text) {
    return true;
  }
  if (const std::optional<Keys> keys = KeysAtMargin(*text); keys && HasOurs(*keys)) {
    return true;
  }
  const std::optional<Keys> keys = KeysByReading(*text);  // a mistake in it would be ours to tell
  return !keys || HasOurs(*keys);
}

}  // namespace faultline
