#pragma once

#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {

// Tests of one value, as a map: `{above: 3}`.
void WriteTests(YamlWriter& yaml, const std::vector<ValueTest>& tests);

// The answers that a request may have, as a list below `key`; nothing where there are none.
void WriteExpectations(YamlWriter& yaml, const std::vector<RpcExpectation>& expect,
                       const char* key = "expect");

}  // namespace faultline
