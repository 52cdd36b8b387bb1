#include "harness/scenario/yaml_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "harness/scenario/text_file.h"
#include "harness/scenario/yaml_events.h"

namespace faultline {
namespace {

std::string_view View(const yaml_char_t* text, size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}
std::string_view View(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// A plain scalar that means "nothing" (YAML 1.2, 10.3.2).
bool IsNull(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// Builds the tree of one document from its events. libyaml's own tree neither tells an alias from
// a copy nor says that a key is given twice.
class TreeBuilder {
 public:
  TreeBuilder(std::shared_ptr<const std::string> file, Diagnostics& diagnostics)
      : file_(std::move(file)), diagnostics_(diagnostics) {}

  // What stands between the document's start and its end. Throws BadYaml.
  YamlPtr Build(YamlEvents& events) {
    while (root_ == nullptr) {
      Take(events.Next());
    }
    return std::move(root_);
  }

 private:
  struct OpenValue {
    std::shared_ptr<YamlValue> value;
    std::string anchor;
    yaml_mark_t mark;
    std::optional<YamlValue::Entry> entry;  // of a map: its key has been read, its value not yet
  };

  void Take(const yaml_event_t& event) {
    const yaml_mark_t& mark = event.start_mark;
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        TakeScalar(event.data.scalar, mark);
        break;
      case YAML_ALIAS_EVENT:
        TakeAlias(std::string(View(event.data.alias.anchor)), mark);
        break;
      case YAML_SEQUENCE_START_EVENT:
        Open(Make(YamlValue::Kind::kSequence, mark), View(event.data.sequence_start.anchor), mark);
        break;
      case YAML_MAPPING_START_EVENT:
        Open(Make(YamlValue::Kind::kMap, mark), View(event.data.mapping_start.anchor), mark);
        break;
      case YAML_MAPPING_END_EVENT:
        Merge(*open_.back().value);
        Close();
        break;
      case YAML_SEQUENCE_END_EVENT:
        Close();
        break;
      default:
        break;
    }
  }

  template <typename Scalar>
  void TakeScalar(const Scalar& scalar, const yaml_mark_t& mark) {
    const std::string_view text = View(scalar.value, scalar.length);
    const std::string_view tag = View(scalar.tag);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag.empty();
    if (!tag.empty() && tag != "!" && tag != YAML_STR_TAG) {
      throw BadAt(mark, fmt::format("the tag `{}` means nothing here", tag));
    }
    const bool null = plain && IsNull(text);
    auto value = Make(null ? YamlValue::Kind::kNull : YamlValue::Kind::kScalar, mark);
    if (!null) {
      value->text = text;
      value->quoted = !plain;
    }
    Attach(std::move(value), std::string(View(scalar.anchor)), mark);
  }

  void TakeAlias(const std::string& anchor, const yaml_mark_t& mark) {
    if (const auto found = anchors_.find(anchor); found != anchors_.end()) {
      Place(found->second, mark);
      return;
    }
    const bool inside = std::any_of(open_.begin(), open_.end(),
                                    [&](const OpenValue& open) { return open.anchor == anchor; });
    throw BadAt(mark, inside ? "this alias stands inside the value that it names"
                             : fmt::format("nothing before this is named `&{}`", anchor));
  }

  SourcePosition At(const yaml_mark_t& mark) const {
    return {file_, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
  }

  std::shared_ptr<YamlValue> Make(YamlValue::Kind kind, const yaml_mark_t& mark) const {
    auto value = std::make_shared<YamlValue>();
    value->kind = kind;
    value->position = At(mark);
    return value;
  }

  void Open(std::shared_ptr<YamlValue> value, std::string_view anchor, const yaml_mark_t& mark) {
    if (open_.size() >= kMaxYamlDepth) {
      throw BadAt(mark, fmt::format("values are nested more than {} deep", kMaxYamlDepth));
    }
    anchors_.erase(std::string(anchor));  // until it is complete
    open_.push_back({std::move(value), std::string(anchor), mark, std::nullopt});
  }

  void Close() {
    OpenValue closed = std::move(open_.back());
    open_.pop_back();
    Attach(std::move(closed.value), closed.anchor, closed.mark);
  }

  void Attach(YamlPtr value, const std::string& anchor, const yaml_mark_t& mark) {
    if (!anchor.empty()) {
      anchors_[anchor] = value;
    }
    Place(std::move(value), mark);
  }

  // Puts a complete value where it belongs: the root, a list, a map's key or a map's value.
  void Place(YamlPtr value, const yaml_mark_t& mark) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    OpenValue& parent = open_.back();
    parent.value->weight += value->weight;
    if (parent.value->weight > kMaxYamlWeight) {
      throw BadAt(mark,
                  fmt::format("more than {} values, aliases counted each time", kMaxYamlWeight));
    }
    if (parent.value->kind == YamlValue::Kind::kSequence) {
      parent.value->items.push_back(std::move(value));
    } else if (!parent.entry.has_value()) {
      if (value->kind != YamlValue::Kind::kScalar) {
        throw BadAt(mark, fmt::format("{} is no key; expected a word", value->Describe()));
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
        throw BadYaml{static_cast<size_t>(taken.key_position.line) - 1,
                      static_cast<size_t>(taken.key_position.column) - 1,
                      fmt::format("`<<` is {}; expected an alias of a map", source->Describe())};
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
  std::map<std::string, YamlPtr> anchors_;
  YamlPtr root_;
};

// The only document's tree; nullptr when there is none.
YamlPtr ParseDocument(const std::string& text, const std::shared_ptr<const std::string>& file,
                      Diagnostics& diagnostics) {
  YamlEvents events(text);
  YamlPtr root;
  for (bool again = true; again;) {
    const yaml_event_t& event = events.Next();
    again = event.type != YAML_STREAM_END_EVENT;
    if (event.type != YAML_DOCUMENT_START_EVENT) {
      continue;
    }
    if (root == nullptr) {
      root = TreeBuilder(file, diagnostics).Build(events);
      continue;
    }
    const yaml_mark_t& mark = event.start_mark;
    diagnostics.Add({file, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1},
                    "a second document; expected one document in the file");
    return root;
  }
  return root;
}

std::string_view LineOf(std::string_view text, size_t line) {
  for (; line > 0; --line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find('\n'));
}

// What libyaml found, and what usually lies behind it.
std::string Explain(const BadYaml& bad, std::string_view text) {
  const std::string_view line = LineOf(text, bad.line);
  if (line.find("${") != std::string_view::npos) {
    return bad.what + "; inside [] or {} a ${name} needs quotes";
  }
  if (line.find('\t') != std::string_view::npos) {
    return bad.what + "; YAML is indented by spaces, not by tabs";
  }
  if (bad.what == "mapping values are not allowed in this context") {
    return bad.what + "; a text with `: ` in it needs quotes";
  }
  return bad.what;
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
  // Editors of Windows write it; libyaml takes it for text where the encoding is set.
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    return ParseYaml(text.substr(kByteOrderMark.size()), name, diagnostics);
  }
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
    YamlPtr root = ParseDocument(text, file, diagnostics);
    if (root == nullptr) {
      diagnostics.Add({file, 1, 1}, "the file is empty");
    }
    return root;
  } catch (const BadYaml& bad) {
    diagnostics.Add({file, static_cast<int>(bad.line) + 1, static_cast<int>(bad.column) + 1},
                    Explain(bad, text));
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
