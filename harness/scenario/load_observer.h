#pragma once

#include "harness/scenario/load_hooked.h"

namespace faultline {

// An entry of `observers`: the name and {symbols, event, registry, key, ...}. One that sees the
// calls of another (`same_call_as`) must stand behind it.
void ReadObserver(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context);

}  // namespace faultline
