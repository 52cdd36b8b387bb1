#pragma once

#include <optional>
#include <string>
#include <vector>

namespace faultline {

// A part of a path into what a target tells of its state: "threads[app_*].busy" has the member
// threads, of that list the elements of such names, and of these the member busy.
struct StatePathPart {
  std::string name;  // of a member or an element
  bool is_element = false;
};

// `path` in parts; nullopt when a bracket is not closed, is empty, or more stands behind it than a
// dot, a bracket or the end.
std::optional<std::vector<StatePathPart>> SplitStatePath(const std::string& path);

// Is the end of `path`, which has the name of every member and every element, what `pattern` names?
// A member's name is the same, or "*"; an element's too, or begins as one that ends in "*".
// Elements of which the pattern does not speak are passed over. `pattern` must be one that can be
// split.
bool EndsInStatePath(const std::vector<StatePathPart>& path, const std::string& pattern);

}  // namespace faultline
