#include "harness/scenario/yaml_value.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "harness/scenario/text_file.h"

namespace faultline {
namespace {

// Builds the tree from yaml-cpp's events. Its own Node would expand nothing, but neither tells an
// alias from a copy nor keeps a key that is given twice apart.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const std::string> file, Diagnostics& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  YamlPtr TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Attach(Make(YamlValue::Kind::kNull, mark), anchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto scalar = Make(YamlValue::Kind::kScalar, mark);
    scalar->text = value;
    scalar->quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!scalar->quoted && tag != "?" && !tag.empty()) {
      throw YAML::ParserException(mark, fmt::format("the tag `{}` means nothing here", tag));
    }
    Attach(std::move(scalar), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw YAML::ParserException(mark, "this alias stands inside the value that it names");
    }
    Place(found->second, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Make(YamlValue::Kind::kSequence, mark), anchor, mark);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Make(YamlValue::Kind::kMap, mark), anchor, mark);
  }
  void OnMapEnd() override {
    Merge(*open_.back().value);
    Close();
  }

 private:
  struct OpenValue {
    std::shared_ptr<YamlValue> value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::optional<YamlValue::Entry> entry;  // of a map: its key has been read, its value not yet
  };

  SourcePosition At(const YAML::Mark& mark) const {
    return {file_, mark.line + 1, mark.column + 1};
  }

  std::shared_ptr<YamlValue> Make(YamlValue::Kind kind, const YAML::Mark& mark) const {
    auto value = std::make_shared<YamlValue>();
    value->kind = kind;
    value->position = At(mark);
    return value;
  }

  void Open(std::shared_ptr<YamlValue> value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (open_.size() >= kMaxYamlDepth) {
      throw YAML::ParserException(
          mark, fmt::format("values are nested more than {} deep", kMaxYamlDepth));
    }
    open_.push_back({std::move(value), anchor, mark, std::nullopt});
  }

  void Close() {
    OpenValue closed = std::move(open_.back());
    open_.pop_back();
    Attach(std::move(closed.value), closed.anchor, closed.mark);
  }

  void Attach(YamlPtr value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != 0) {
      anchors_[anchor] = value;
    }
    Place(std::move(value), mark);
  }

  // Puts a complete value where it belongs: the root, a list, a map's key or a map's value.
  void Place(YamlPtr value, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    OpenValue& parent = open_.back();
    parent.value->weight += value->weight;
    if (parent.value->weight > kMaxYamlWeight) {
      throw YAML::ParserException(
          mark, fmt::format("more than {} values, aliases counted each time", kMaxYamlWeight));
    }
    if (parent.value->kind == YamlValue::Kind::kSequence) {
      parent.value->items.push_back(std::move(value));
    } else if (!parent.entry.has_value()) {
      if (value->kind != YamlValue::Kind::kScalar) {
        throw YAML::ParserException(
            mark, fmt::format("{} is no key; expected a word", value->Describe()));
      }
      parent.entry = YamlValue::Entry{value->text, At(mark), nullptr};
    } else {
      parent.entry->value = std::move(value);
      AddEntry(*parent.value, std::move(*parent.entry));
      parent.entry.reset();
    }
  }

  void AddEntry(YamlValue& map, YamlValue::Entry entry) {
    if (const YamlValue::Entry* first = map.Find(entry.key); first != nullptr) {
      diagnostics_.Add(entry.key_position, fmt::format("`{}` is given twice; first at line {}",
                                                       entry.key, first->key_position.line));
      return;
    }
    map.entries.push_back(std::move(entry));
  }

  // YAML 1.1's merge key: entries of the map (or maps) at "<<" that the map does not have itself.
  static void Merge(YamlValue& map) {
    const YamlValue::Entry* merge = map.Find("<<");
    if (merge == nullptr) {
      return;
    }
    const YamlValue::Entry taken = *merge;
    map.entries.erase(map.entries.begin() + (merge - map.entries.data()));
    const std::vector<YamlPtr> sources = taken.value->kind == YamlValue::Kind::kSequence
                                             ? taken.value->items
                                             : std::vector<YamlPtr>{taken.value};
    for (const YamlPtr& source : sources) {
      if (source->kind != YamlValue::Kind::kMap) {
        YAML::Mark mark;
        mark.line = taken.key_position.line - 1;
        mark.column = taken.key_position.column - 1;
        throw YAML::ParserException(
            mark, fmt::format("`<<` is {}; expected an alias of a map", source->Describe()));
      }
      for (const YamlValue::Entry& entry : source->entries) {
        if (map.Find(entry.key) == nullptr) {
          map.entries.push_back(entry);
        }
      }
    }
  }

  const std::shared_ptr<const std::string> file_;
  Diagnostics& diagnostics_;
  std::vector<OpenValue> open_;  // outermost first
  std::map<YAML::anchor_t, YamlPtr> anchors_;
  YamlPtr root_;
};

std::string_view LineOf(std::string_view text, int line) {
  for (; line > 0; --line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find('\n'));
}

// What yaml-cpp found, and what usually lies behind it.
std::string Explain(const YAML::Exception& exception, std::string_view text) {
  const std::string_view line = LineOf(text, exception.mark.line);
  if (line.find("${") != std::string_view::npos) {
    return exception.msg + "; inside [] or {} a ${name} needs quotes";
  }
  if (line.find('\t') != std::string_view::npos) {
    return exception.msg + "; YAML is indented by spaces, not by tabs";
  }
  if (exception.msg == YAML::ErrorMsg::MAP_VALUE) {
    return exception.msg + "; a text with `: ` in it needs quotes";
  }
  return exception.msg;
}

}  // namespace

const YamlValue::Entry* YamlValue::Find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::string YamlValue::Describe() const {
  constexpr size_t kShown = 40;
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kSequence:
      return items.empty() ? "an empty list" : "a list";
    case Kind::kMap:
      return entries.empty() ? "an empty map" : "a map";
    case Kind::kScalar:
      break;
  }
  return text.size() <= kShown ? fmt::format("`{}`", text)
                               : fmt::format("`{}...`", text.substr(0, kShown));
}

YamlPtr ParseYaml(const std::string& text, const std::string& name, Diagnostics& diagnostics) {
  const auto file = std::make_shared<const std::string>(name);
  if (text.size() > kMaxYamlBytes) {
    diagnostics.Add({file, 1, 1},
                    fmt::format("the file is larger than {} KiB", kMaxYamlBytes / 1024));
    return nullptr;
  }
  if (const int line = LineOfBadUtf8(text); line != 0) {
    diagnostics.Add({file, line, 1}, "a byte in this line is not UTF-8 text");
    return nullptr;
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(file, diagnostics);
    parser.HandleNextDocument(builder);
    YamlPtr root = builder.TakeRoot();
    if (root == nullptr) {
      diagnostics.Add({file, 1, 1}, "the file is empty");
    } else if (TreeBuilder rest(file, diagnostics); parser.HandleNextDocument(rest)) {
      const YamlPtr second = rest.TakeRoot();
      diagnostics.Add(second == nullptr ? root->position : second->position,
                      "a second document; expected one document in the file");
    }
    return root;
  } catch (const YAML::Exception& exception) {
    diagnostics.Add({file, exception.mark.line + 1, exception.mark.column + 1},
                    Explain(exception, text));
    return nullptr;
  }
}

YamlPtr ReadYamlFile(const std::filesystem::path& file, Diagnostics& diagnostics) {
  std::string problem;
  const std::optional<std::string> text = ReadTextFile(file, kMaxYamlBytes, problem);
  if (!text.has_value()) {
    diagnostics.Add(fmt::format("{}: cannot be read: {}", file.string(), problem));
    return nullptr;
  }
  return ParseYaml(*text, file.string(), diagnostics);
}

}  // namespace faultline
