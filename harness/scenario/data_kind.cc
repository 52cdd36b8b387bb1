#include "harness/scenario/data_kind.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "harness/base/files.h"
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

bool HasAny(const YamlValue& map, const std::vector<std::string_view>& keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return map.Find(key) != nullptr; });
}

// Steps have no key of their own: a scenario that lacks its profile looks the same. They are what
// another file beside them includes.
bool IsIncludedNearby(const fs::path& file) {
  const std::string name = file.filename();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
    if (entry.path().extension() != ".yaml" || entry.path().filename() == name) {
      continue;
    }
    const std::optional<std::string> text = ReadFile(entry.path());
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

YamlPtr ReadMap(const fs::path& file) {
  Diagnostics ignored;
  const YamlPtr root = ReadYamlFile(file, ignored);
  return root != nullptr && root->kind == YamlValue::Kind::kMap ? root : nullptr;
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
  const YamlPtr root = ReadMap(absolute);
  if (root == nullptr) {
    return DataKind::kScenario;
  }
  for (const KindWords& words : Kinds()) {
    if (HasAny(*root, words.keys)) {
      return words.kind;
    }
  }
  return root->Find("steps") != nullptr && IsIncludedNearby(absolute) ? DataKind::kSteps
                                                                      : DataKind::kScenario;
}

bool IsDataFile(const fs::path& file) {
  const std::string directory = fs::absolute(file).parent_path().filename();
  const bool in_own_directory =
      std::any_of(Kinds().begin(), Kinds().end(),
                  [&](const KindWords& words) { return words.directory == directory; });
  const YamlPtr root = ReadMap(file);
  if (in_own_directory || root == nullptr || root->Find("faultline") != nullptr) {
    return true;
  }
  return std::any_of(Kinds().begin(), Kinds().end(),
                     [&](const KindWords& words) { return HasAny(*root, words.keys); });
}

}  // namespace faultline
