#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/substitute.h"

namespace faultline {

// True when `actual` has all that `expected` says: every member of an object (recursively), any
// other value as it is. Numbers compare by value, 1 equals 1.0.
bool Contains(const nlohmann::json& actual, const nlohmann::json& expected);

// True when `exchange` ended as one of `expect` says; an empty list asks for a result.
bool MeetsAny(const RpcExchange& exchange, const std::vector<RpcExpectation>& expect);

// True when `expect` accepts no result.
bool MustFail(const std::vector<RpcExpectation>& expect);

// `expect` with the run's values in what results must contain.
std::vector<RpcExpectation> ExpandForRun(std::vector<RpcExpectation> expect,
                                         const Variables& values,
                                         const std::map<std::string, nlohmann::json>& saved = {});

// "expected ..., got ...", with the first value of a result that is not as it should be.
std::string DescribeUnmet(const RpcExchange& exchange, const std::vector<RpcExpectation>& expect);

// "a result", "error -32603 or the end of the target"; for people.
std::string Describe(const std::vector<RpcExpectation>& expect);
// "the result true", "error -32603: Internal error", "no answer"; long values are cut.
std::string Describe(const RpcExchange& exchange);

}  // namespace faultline
