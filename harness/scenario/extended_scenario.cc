#include "harness/scenario/extended_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "harness/scenario/document.h"
#include "harness/scenario/inherit.h"
#include "harness/scenario/reserved_names.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kExtends[] = "extends";
// Above anything a person writes.
constexpr size_t kMostExtended = 8;

const InheritedKeys& Inherited() {
  static const InheritedKeys kKeys = {
      .lists = {}, .maps = {}, .joined_maps = {"variables", "sweeps"}};
  return kKeys;
}

// `chain` are the files from the first scenario to this one.
YamlPtr WithParents(const YamlPtr& root, std::vector<fs::path> chain, const DataPath& data,
                    Diagnostics& diagnostics) {
  const YamlValue::Entry* extends =
      root->kind == YamlValue::Kind::kMap ? root->Find(kExtends) : nullptr;
  if (extends == nullptr) {
    return root;
  }
  const YamlValue& name = *extends->value;
  if (name.kind != YamlValue::Kind::kScalar || !IsFilePath(name.text)) {
    diagnostics.Add(name.position, fmt::format("`extends` is {}; expected the path of a scenario, "
                                               "as ./other.yaml",
                                               name.Describe()));
    return root;
  }
  const std::optional<fs::path> file =
      data.Find(DataKind::kScenario, name.text, name.position, diagnostics);
  if (!file) {
    return root;
  }
  const fs::path parent = fs::absolute(*file).lexically_normal();
  if (std::find(chain.begin(), chain.end(), parent) != chain.end()) {
    diagnostics.Add(name.position, fmt::format("`{}` extends itself", name.text));
    return root;
  }
  if (chain.size() > kMostExtended) {
    diagnostics.Add(name.position,
                    fmt::format("more than {} scenarios extend each other", kMostExtended));
    return root;
  }
  const YamlPtr written = ReadDocument(parent, diagnostics, {kFileDir, kScenarioDir});
  if (written == nullptr || written->kind != YamlValue::Kind::kMap) {
    return root;
  }
  chain.push_back(parent);
  return Inherit(root, WithParents(written, chain, data, diagnostics), Inherited(), diagnostics);
}

}  // namespace

YamlPtr WithExtendedScenario(const YamlPtr& root, const fs::path& file, const DataPath& data,
                             Diagnostics& diagnostics) {
  const YamlPtr joined =
      WithParents(root, {fs::absolute(file).lexically_normal()}, data, diagnostics);
  if (joined == root) {
    return root;
  }
  auto plain = std::make_shared<YamlValue>(*joined);
  std::erase_if(plain->entries,
                [](const YamlValue::Entry& entry) { return entry.key == kExtends; });
  return plain;
}

}  // namespace faultline
