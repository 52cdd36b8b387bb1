#include "harness/scenario/inherit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>

#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

using Kind = YamlValue::Kind;

bool IsOneOf(std::string_view key, const std::vector<std::string_view>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool IsMapKey(std::string_view key, const InheritedKeys& keys) {
  return IsOneOf(key, keys.maps) || IsOneOf(key, keys.joined_maps);
}

std::vector<YamlPtr> ItemsOf(const YamlPtr& value) {
  if (value->kind == Kind::kSequence) {
    return value->items;
  }
  return value->kind == Kind::kNull ? std::vector<YamlPtr>{} : std::vector<YamlPtr>{value};
}

// The text by which an item of a list is known.
std::string NameOfItem(const YamlValue& item) {
  if (item.kind == Kind::kSequence) {
    return item.items.empty() ? "" : NameOfItem(*item.items.front());
  }
  if (item.kind == Kind::kMap) {
    const YamlValue::Entry* pattern = item.Find("pattern");
    const YamlValue::Entry* point = pattern == nullptr ? item.Find("point") : pattern;
    const YamlValue::Entry* name = point == nullptr ? item.Find("rpc") : point;
    return name == nullptr ? "" : name->value->text;
  }
  return item.text;
}

bool IsSame(const YamlValue& a, const YamlValue& b) {
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [](const YamlPtr& x, const YamlPtr& y) { return IsSame(*x, *y); });
}

// A `*` at the end stands for any rest.
bool IsNameMeant(const std::string& name, const std::string& removed) {
  return removed.ends_with('*') ? name.starts_with(removed.substr(0, removed.size() - 1))
                                : name == removed;
}

bool IsMeant(const YamlValue& item, const YamlValue& removed) {
  if (removed.kind != Kind::kScalar) {
    return IsSame(item, removed);
  }
  const std::string name = NameOfItem(item);
  return IsNameMeant(name, removed.text) || name.starts_with(removed.text + "=");
}

// "; did you mean ...?", or what there is, when that is not much.
std::string WhatIsThere(const std::string& name, const std::vector<std::string>& known) {
  constexpr size_t kMostNames = 12;
  const std::string near = DidYouMean(name, known);
  if (!near.empty() || known.size() > kMostNames) {
    return near;
  }
  return known.empty() ? "; nothing is"
                       : fmt::format("; expected one of {}", fmt::join(known, ", "));
}

class Inheritance {
 public:
  Inheritance(const YamlPtr& own, const YamlPtr& parent, const InheritedKeys& keys,
              Diagnostics& diagnostics)
      : own_(own), parent_(parent), keys_(keys), diagnostics_(diagnostics) {}

  YamlPtr Join() {
    auto joined = std::make_shared<YamlValue>(*own_);
    joined->entries.clear();
    for (const YamlValue::Entry& entry : own_->entries) {
      if (!IsInheriting(entry.key, keys_)) {
        joined->entries.push_back(entry);
      }
    }
    for (const YamlValue::Entry& entry : parent_->entries) {
      if (joined->Find(entry.key) == nullptr) {
        joined->entries.push_back(entry);
      } else if (IsOneOf(entry.key, keys_.joined_maps)) {
        Replace(*joined, entry.key, JoinMaps(Value(*joined, entry.key), entry.value));
      }
    }
    for (const YamlValue::Entry& entry : own_->entries) {
      if (IsInheriting(entry.key, keys_) && entry.key.back() == '-') {
        TakeAway(*joined, entry);
      }
    }
    for (const YamlValue::Entry& entry : own_->entries) {
      if (IsInheriting(entry.key, keys_) && entry.key.back() == '+') {
        Append(*joined, entry);
      }
    }
    return joined;
  }

 private:
  static const YamlPtr& Value(const YamlValue& map, std::string_view key) {
    return map.Find(key)->value;
  }

  static void Replace(YamlValue& map, std::string_view key, YamlPtr value) {
    for (YamlValue::Entry& entry : map.entries) {
      if (entry.key == key) {
        entry.value = std::move(value);
        return;
      }
    }
  }

  // `first` counts where both have a name.
  static YamlPtr JoinMaps(const YamlPtr& first, const YamlPtr& second) {
    if (first->kind != Kind::kMap || second->kind != Kind::kMap) {
      return first;  // its reader says what is wrong
    }
    auto joined = std::make_shared<YamlValue>(*first);
    for (const YamlValue::Entry& entry : second->entries) {
      if (joined->Find(entry.key) == nullptr) {
        joined->entries.push_back(entry);
      }
    }
    return joined;
  }

  // "args" of "args+".
  static std::string Base(const YamlValue::Entry& entry) {
    return entry.key.substr(0, entry.key.size() - 1);
  }

  // KEY beside KEY+ or KEY-: what is inherited is replaced and changed at once.
  bool IsReplacedToo(const YamlValue::Entry& entry) {
    const std::string key = Base(entry);
    if (own_->Find(key) == nullptr || IsOneOf(key, keys_.joined_maps)) {
      return false;
    }
    diagnostics_.Add(entry.key_position,
                     fmt::format("`{}` changes the inherited list, and `{}` replaces it; expected "
                                 "one of the two",
                                 entry.key, key));
    return true;
  }

  void Append(YamlValue& joined, const YamlValue::Entry& entry) {
    const std::string key = Base(entry);
    if (IsReplacedToo(entry)) {
      return;
    }
    const bool is_map = IsMapKey(key, keys_);
    if (!is_map && entry.value->kind != Kind::kSequence && !IsOneOf(key, keys_.or_one)) {
      const bool is_nothing = entry.value->kind == Kind::kNull;
      diagnostics_.Add(
          is_nothing ? entry.key_position : entry.value->position,
          fmt::format("`{}` is {}; expected a list", entry.key, entry.value->Describe()));
      return;
    }
    if (is_map && entry.value->kind != Kind::kMap) {
      diagnostics_.Add(entry.value->position, fmt::format("`{}` is {}; expected a map", entry.key,
                                                          entry.value->Describe()));
      return;
    }
    if (joined.Find(key) == nullptr) {
      joined.entries.push_back({key, entry.key_position, entry.value});
    } else if (is_map) {
      Replace(joined, key, JoinMaps(entry.value, Value(joined, key)));
    } else {
      auto list = std::make_shared<YamlValue>(*entry.value);
      list->kind = Kind::kSequence;
      list->text.clear();
      list->items = ItemsOf(Value(joined, key));
      for (const YamlPtr& item : ItemsOf(entry.value)) {
        list->items.push_back(item);
      }
      Replace(joined, key, list);
    }
  }

  void TakeAway(YamlValue& joined, const YamlValue::Entry& entry) {
    const std::string key = Base(entry);
    if (IsReplacedToo(entry)) {
      return;
    }
    const YamlValue::Entry* inherited = joined.Find(key);
    for (const YamlPtr& removed : ItemsOf(entry.value)) {
      std::vector<std::string> known;
      bool found = false;
      if (inherited != nullptr && IsMapKey(key, keys_)) {
        auto map = std::make_shared<YamlValue>(*Value(joined, key));
        for (const YamlValue::Entry& one : map->entries) {
          known.push_back(one.key);
        }
        found = std::erase_if(map->entries, [&](const YamlValue::Entry& one) {
                  return IsNameMeant(one.key, removed->text);
                }) > 0;
        Replace(joined, key, map);
      } else if (inherited != nullptr) {
        auto list = std::make_shared<YamlValue>(*Value(joined, key));
        list->items = ItemsOf(Value(joined, key));
        list->kind = Kind::kSequence;
        list->text.clear();
        for (const YamlPtr& item : list->items) {
          known.push_back(NameOfItem(*item));
        }
        found = std::erase_if(list->items,
                              [&](const YamlPtr& item) { return IsMeant(*item, *removed); }) > 0;
        Replace(joined, key, list);
      }
      if (!found) {
        const std::string name = NameOfItem(*removed);
        diagnostics_.Add(removed->position,
                         fmt::format("`{}` takes away `{}`, which is not inherited{}", entry.key,
                                     name, WhatIsThere(name, known)));
      }
    }
  }

  const YamlPtr& own_;
  const YamlPtr& parent_;
  const InheritedKeys& keys_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool IsInheriting(std::string_view key, const InheritedKeys& keys) {
  if (key.size() < 2 || (key.back() != '+' && key.back() != '-')) {
    return false;
  }
  const std::string_view base = key.substr(0, key.size() - 1);
  return IsOneOf(base, keys.lists) || IsMapKey(base, keys);
}

YamlPtr Inherit(const YamlPtr& own, const YamlPtr& parent, const InheritedKeys& keys,
                Diagnostics& diagnostics) {
  if (own->kind != Kind::kMap || parent->kind != Kind::kMap) {
    return own;
  }
  return Inheritance(own, parent, keys, diagnostics).Join();
}

void CheckInheritsNothing(const YamlValue& own, const InheritedKeys& keys,
                          Diagnostics& diagnostics) {
  for (const YamlValue::Entry& entry : own.entries) {
    if (IsInheriting(entry.key, keys)) {
      diagnostics.Add(
          entry.key_position,
          fmt::format("`{}` needs `extends`: there is nothing inherited to change", entry.key));
    }
  }
}

}  // namespace faultline
