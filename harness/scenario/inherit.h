#pragma once

#include <string_view>
#include <vector>

#include "harness/scenario/diagnostics.h"
#include "harness/scenario/yaml_value.h"

// What `extends` means: a file that takes over the keys of another, and may append to its lists
// (`args+: [...]`) and take away from them (`args-: [...]`).
namespace faultline {

struct InheritedKeys {
  std::vector<std::string_view> lists;
  std::vector<std::string_view> maps;         // `-` takes away by name
  std::vector<std::string_view> joined_maps;  // as maps, and joined entry by entry without a `+`
  std::vector<std::string_view> or_one = {};  // of `lists`, those of which one text is a list too
};

// `own` with what `parent` has and it has not. `KEY+` appends a list to the inherited one, or joins
// a map with it; `KEY-` takes away. Of a list it takes the items that are the same text, that begin
// with it and a `=`, that are a group which begins with it, or a map with that `pattern` or
// `point`; a `*` at its end stands for any rest. What takes away nothing is a mistake, and so are
// KEY and KEY+ together. The result has no such keys, but for those that are of no list.
YamlPtr Inherit(const YamlPtr& own, const YamlPtr& parent, const InheritedKeys& keys,
                Diagnostics& diagnostics);

// A file without `extends` inherits nothing: says so of each `KEY+` and `KEY-`.
void CheckInheritsNothing(const YamlValue& own, const InheritedKeys& keys,
                          Diagnostics& diagnostics);

// Is it KEY+ or KEY- of one of the keys?
bool IsInheriting(std::string_view key, const InheritedKeys& keys);

}  // namespace faultline
