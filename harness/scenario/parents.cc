#include "harness/scenario/parents.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "harness/scenario/document.h"
#include "harness/scenario/reserved_names.h"

namespace faultline {
namespace {

// Above anything a person writes.
constexpr size_t kMostParents = 8;

using Chain = std::vector<std::filesystem::path>;  // from the first file to this one

YamlPtr WithoutParents(const YamlValue& root, const InheritedKeys& keys, Diagnostics& diagnostics) {
  CheckInheritsNothing(root, keys, diagnostics);
  auto plain = std::make_shared<YamlValue>(root);
  std::erase_if(plain->entries,
                [&](const YamlValue::Entry& entry) { return IsInheriting(entry.key, keys); });
  return plain;
}

// What `name` means to the last file of the chain; nullopt when that was reported.
std::optional<std::filesystem::path> FindParent(const YamlValue& name, const DataPath& data,
                                                const Chain& chain, DataKind kind,
                                                Diagnostics& diagnostics) {
  if (name.kind != YamlValue::Kind::kScalar) {
    diagnostics.Add(name.position, fmt::format("`extends` is {}; expected the name of a {}",
                                               name.Describe(), NameOf(kind)));
    return std::nullopt;
  }
  if (chain.size() > kMostParents) {
    diagnostics.Add(name.position,
                    fmt::format("more than {} {}s extend each other", kMostParents, NameOf(kind)));
    return std::nullopt;
  }
  Diagnostics unknown;
  auto file = data.Beside(chain.back()).Find(kind, name.text, name.position, unknown, chain);
  if (!file && name.text == chain.back().stem()) {
    diagnostics.Add(name.position,
                    fmt::format("`{}` extends itself: there is no other {} of this name behind it",
                                name.text, NameOf(kind)));
    return std::nullopt;
  }
  if (!file) {
    data.Beside(chain.back()).Find(kind, name.text, name.position, diagnostics, chain);
  }
  if (file && std::find(chain.begin(), chain.end(), *file) != chain.end()) {
    diagnostics.Add(name.position, fmt::format("`{}` extends itself", name.text));
    return std::nullopt;
  }
  return file;
}

YamlPtr Extended(const YamlPtr& root, Chain chain, const DataPath& data, const Extending& extending,
                 Diagnostics& diagnostics) {
  const YamlValue::Entry* extends = root->Find("extends");
  if (extends == nullptr) {
    return WithoutParents(*root, extending.keys, diagnostics);
  }
  auto file = FindParent(*extends->value, data, chain, extending.kind, diagnostics);
  const YamlPtr written = file ? ReadDocument(*file, diagnostics, {kFileDir}) : nullptr;
  if (written == nullptr) {
    return root;
  }
  chain.push_back(std::move(*file));
  const YamlPtr parent = Extended(written, std::move(chain), data, extending, diagnostics);
  return Inherit(root, extending.prepare(parent), extending.keys, diagnostics);
}

}  // namespace

YamlPtr WithParents(const YamlPtr& root, const std::filesystem::path& file, const DataPath& data,
                    const Extending& extending, Diagnostics& diagnostics) {
  return Extended(root, {std::filesystem::absolute(file).lexically_normal()}, data, extending,
                  diagnostics);
}

}  // namespace faultline
