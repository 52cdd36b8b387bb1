#include "harness/evidence/target_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/scenario/state_path.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kMostShown = 120;

// Does `path` end in what one of `patterns` names?
bool IsNamed(const std::vector<StatePathPart>& path, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return EndsInStatePath(path, pattern); });
}

std::string Show(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > kMostShown ? text.substr(0, kMostShown) + "..." : text;
}

class StateReader {
 public:
  explicit StateReader(const StateProbe& probe) : probe_(probe) {}

  json Read(const json& value) {
    if (value.is_object()) {
      return ReadMap(value);
    }
    return value.is_array() ? ReadList(value) : value;
  }

 private:
  json ReadMap(const json& map) {
    json state = json::object();
    for (const auto& [name, value] : map.items()) {
      path_.push_back({name, false});
      const bool is_left_out =
          IsNamed(path_, probe_.not_state) ||
          (!value.is_structured() && !probe_.only.empty() && !IsNamed(path_, probe_.only));
      if (!is_left_out) {
        state[name] = Read(value);
      }
      path_.pop_back();
    }
    return state;
  }

  json ReadList(const json& list) {
    json named = json::object();
    std::vector<json> nameless;
    for (const json& element : list) {
      const std::string name = NameOf(element);
      if (!name.empty()) {
        path_.push_back({name, true});
      }
      const bool is_left_out = !name.empty() && IsNamed(path_, probe_.not_state);
      json state = is_left_out ? json() : Read(element);
      if (!name.empty()) {
        path_.pop_back();
      }
      if (is_left_out) {
        continue;
      }
      if (name.empty()) {
        nameless.push_back(std::move(state));
      } else {
        named[FreeName(named, name)] = std::move(state);
      }
    }
    if (nameless.empty()) {
      return list.empty() ? json::object() : named;
    }
    std::sort(nameless.begin(), nameless.end());
    for (size_t i = 0; i < nameless.size(); ++i) {
      named[FreeName(named, nameless[i].is_structured() ? fmt::format("[{}]", i)
                                                        : Show(nameless[i]))] = nameless[i];
    }
    return named;
  }

  std::string NameOf(const json& element) const {
    if (!element.is_object()) {
      return "";
    }
    for (const std::string& key : probe_.keys) {
      const auto found = element.find(key);
      if (found != element.end() && !found->is_structured()) {
        return found->is_string() ? found->get<std::string>() : Show(*found);
      }
    }
    return "";
  }

  // Two elements of one name are two elements.
  static std::string FreeName(const json& named, const std::string& name) {
    std::string free = name;
    for (int nth = 2; named.contains(free); ++nth) {
      free = fmt::format("{} ({})", name, nth);
    }
    return free;
  }

  const StateProbe& probe_;
  std::vector<StatePathPart> path_;  // members, and elements of lists that have a name
};

class Comparison {
 public:
  Comparison(const std::string& probe, std::vector<StateChange>& changes)
      : probe_(probe), changes_(changes) {}

  void Compare(const json& before, const json& after, const std::string& path) {
    if (before.is_object() && after.is_object()) {
      CompareMaps(before, after, path);
    } else if (before != after) {
      changes_.push_back({StateChange::Kind::kChanged, probe_, path, before, after});
    }
  }

 private:
  void CompareMaps(const json& before, const json& after, const std::string& path) {
    const auto below = [&](const std::string& name) {
      return path.empty() ? name : path + "." + name;
    };
    for (const auto& [name, value] : before.items()) {
      const auto same = after.find(name);
      if (same == after.end()) {
        changes_.push_back({StateChange::Kind::kRemoved, probe_, below(name), value, nullptr});
      } else {
        Compare(value, *same, below(name));
      }
    }
    for (const auto& [name, value] : after.items()) {
      if (!before.contains(name)) {
        changes_.push_back({StateChange::Kind::kAdded, probe_, below(name), nullptr, value});
      }
    }
  }

  const std::string& probe_;
  std::vector<StateChange>& changes_;
};

}  // namespace

json StateOf(const json& answer, const StateProbe& probe) {
  return StateReader(probe).Read(answer);
}

std::string StateChange::ToString() const {
  switch (kind) {
    case Kind::kAdded:
      return fmt::format("{} has `{}' now", probe, path);
    case Kind::kRemoved:
      return fmt::format("{} no longer has `{}'", probe, path);
    case Kind::kChanged:
      break;
  }
  return fmt::format("{}{} was {} and is {}", probe, path.empty() ? "" : ": `" + path + "'",
                     Show(before), Show(after));
}

std::vector<StateChange> CompareStates(const TargetState& before, const TargetState& after) {
  std::vector<StateChange> changes;
  for (const auto& [probe, state] : before) {
    if (const auto same = after.find(probe); same != after.end()) {
      Comparison(probe, changes).Compare(state, same->second, "");
    }
  }
  return changes;
}

}  // namespace faultline
