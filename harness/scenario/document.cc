#include "harness/scenario/document.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace faultline {
namespace {

// A tree with references to directories replaced. What has none is shared with the tree that was
// read; what was shared there (an alias) stays so.
class Placed {
 public:
  Placed(const std::vector<std::string>& names, std::string directory)
      : directory_(std::move(directory)) {
    for (const std::string& name : names) {
      references_.push_back("${" + name + "}");
    }
  }

  YamlPtr Of(const YamlPtr& value) {
    const auto [known, is_new] = done_.try_emplace(value.get(), value);
    if (!is_new) {
      return known->second;
    }
    YamlValue copy = *value;
    bool changed = false;
    const auto place = [&](YamlPtr& part) {
      const YamlPtr placed = Of(part);
      changed |= placed != part;
      part = placed;
    };
    if (copy.kind == YamlValue::Kind::kScalar) {
      copy.text = Replaced(value->text);
      changed = copy.text != value->text;
    }
    for (YamlPtr& item : copy.items) {
      place(item);
    }
    for (YamlValue::Entry& entry : copy.entries) {
      place(entry.value);
    }
    if (!changed) {
      return value;
    }
    return done_[value.get()] = std::make_shared<YamlValue>(std::move(copy));
  }

 private:
  std::string Replaced(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      const size_t dollar = text.find('$');
      out += text.substr(0, dollar);
      if (dollar == std::string_view::npos) {
        break;
      }
      text.remove_prefix(dollar);
      size_t taken = text.starts_with("$$") ? 2 : 1;
      std::string_view by = text.substr(0, taken);
      for (const std::string& reference : references_) {
        if (text.starts_with(reference)) {
          taken = reference.size();
          by = directory_;
        }
      }
      out += by;
      text.remove_prefix(taken);
    }
    return out;
  }

  const std::string directory_;
  std::vector<std::string> references_;
  std::map<const YamlValue*, YamlPtr> done_;
};

}  // namespace

std::string DirectoryOf(const std::filesystem::path& file) {
  std::string escaped;
  for (const char c : std::filesystem::absolute(file).lexically_normal().parent_path().string()) {
    escaped += c == '$' ? "$$" : std::string(1, c);
  }
  return escaped;
}

YamlPtr ReadDocument(const std::filesystem::path& file, Diagnostics& diagnostics,
                     const std::vector<std::string>& names) {
  const YamlPtr read = ReadYamlFile(file, diagnostics);
  return read == nullptr ? nullptr : Placed(names, DirectoryOf(file)).Of(read);
}

bool CheckVersion(MapReader& document) {
  const YamlValue* value = document.Require("faultline");
  if (value == nullptr) {
    return document.is_map();
  }
  constexpr int kAnyVersion = 1'000'000;
  const auto version = ReadInteger(*value, "`faultline`", document.context(), 1, kAnyVersion);
  if (version.has_value() && *version != kFormatVersion) {
    document.context().diagnostics.Add(
        value->position,
        fmt::format("the file has format version {}; this faultline reads version {}", *version,
                    kFormatVersion));
    return false;
  }
  return true;
}

}  // namespace faultline
