#pragma once

#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/yaml_reader.h"

namespace faultline {

// `expect` of an RPC step, one or a list of: result, error, no_answer, gone,
// {result: VALUE, where: {PATH: TEST}}, {error: {code: NUMBER, message: PATTERN}}.
std::vector<RpcExpectation> ReadRpcExpectations(const YamlValue& value, ReadContext& context);

}  // namespace faultline
