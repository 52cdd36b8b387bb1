#pragma once

#include <vector>

#include "harness/scenario/catalogue.h"
#include "harness/scenario/yaml_reader.h"

namespace faultline {

// The `when` of a point or observer: a list of {argument: 0 to 5, TEST: ...} with one TEST each:
// has_bits, equals, not_equals, signed_at_most (a number), on_hugetlbfs (`fd` or `path`).
std::vector<Condition> ReadConditions(const YamlValue& value, ReadContext& context);

}  // namespace faultline
