#include "harness/scenario/state_path.h"

#include <algorithm>

namespace faultline {
namespace {

bool Matches(const StatePathPart& wanted, const StatePathPart& is) {
  if (wanted.is_element != is.is_element) {
    return false;
  }
  if (wanted.is_element && wanted.name.ends_with('*')) {
    return is.name.starts_with(wanted.name.substr(0, wanted.name.size() - 1));
  }
  return wanted.name == is.name || wanted.name == "*";
}

}  // namespace

std::optional<std::vector<StatePathPart>> SplitStatePath(const std::string& path) {
  std::vector<StatePathPart> parts;
  size_t at = 0;
  bool after_part = false;  // where a dot or a bracket must follow
  while (at < path.size()) {
    if (path[at] == '[') {
      const size_t end = path.find(']', at);
      if (end == std::string::npos || end == at + 1) {
        return std::nullopt;
      }
      parts.push_back({path.substr(at + 1, end - at - 1), true});
      at = end + 1;
    } else if (after_part && path[at] != '.') {
      return std::nullopt;
    } else {
      at += after_part ? 1 : 0;
      const size_t end = std::min(path.find_first_of(".[", at), path.size());
      parts.push_back({path.substr(at, end - at), false});
      at = end;
    }
    after_part = true;
  }
  return parts;
}

bool EndsInStatePath(const std::vector<StatePathPart>& path, const std::string& pattern) {
  const std::vector<StatePathPart> wanted = SplitStatePath(pattern).value();
  auto is = path.rbegin();
  for (auto part = wanted.rbegin(); part != wanted.rend(); ++part) {
    if (!part->is_element && part != wanted.rbegin()) {
      is = std::find_if(is, path.rend(), [](const StatePathPart& one) { return !one.is_element; });
    }
    if (is == path.rend() || !Matches(*part, *is)) {
      return false;
    }
    ++is;
  }
  return !wanted.empty();
}

}  // namespace faultline
