#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/model.h"

// Fault points, and what they share with the other hooked functions that a catalogue lists.
namespace faultline {

// What a file's points and observers are added to, and what it says of those that do not say it.
struct HookTarget {
  Catalogue& catalogue;
  std::string module;
  FaultPoint::Kind kind = FaultPoint::Kind::kDerived;
};

// What points and observers say alike.
struct HookedKeys {
  std::vector<std::string>& symbols;
  std::string& module;
  std::string& summary;
  std::vector<Condition>& when;
};
void ReadHooked(MapReader& map, const HookTarget& target, const HookedKeys& keys);
// Reports a name that is not lower-case words; `what` is what it names ("a fault point").
void CheckHookedName(const YamlValue::Entry& entry, std::string_view what, ReadContext& context);

// The map's `kind`, of a fault point or of all of a file's. Absent or wrong: `out` is left alone.
void ReadKind(MapReader& map, FaultPoint::Kind& out);

// An entry of `points`: the name and {symbols, fails, ...}.
void ReadPoint(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context);

}  // namespace faultline
