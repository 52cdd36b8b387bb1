#pragma once

#include <string>

#include "harness/scenario/yaml_reader.h"

// The two kinds of hooked functions that a catalogue lists.
namespace faultline {

// What a file's points and observers are added to.
struct HookTarget {
  Catalogue& catalogue;
  std::string module;  // of those that name none
};

// An entry of `points`: the name and {symbols, fails, ...}.
void ReadPoint(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context);

// An entry of `observers`: the name and {symbols, event, registry, key, ...}.
void ReadObserver(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context);

}  // namespace faultline
