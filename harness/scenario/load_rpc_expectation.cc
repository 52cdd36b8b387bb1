#include "harness/scenario/load_rpc_expectation.h"

#include <limits>

#include "harness/scenario/map_reader.h"

namespace faultline {
namespace {

void ReadError(const YamlValue& value, RpcExpectation& expectation, ReadContext& context) {
  MapReader error(value, "`error`", context);
  if (const YamlValue* code = error.Find("code"); code != nullptr) {
    const auto number = ReadInteger(*code, "`code`", context, std::numeric_limits<int>::min(),
                                    std::numeric_limits<int>::max());
    if (number.has_value()) {
      expectation.code = static_cast<int>(*number);
    }
  }
  error.Pattern("message", expectation.message_pattern, SubstituteStage::kKeepForRun);
  error.Finish();
}

RpcExpectation ReadOne(const YamlValue& value, ReadContext& context) {
  static const Words<RpcExpectation::Kind> kWords = {{"result", RpcExpectation::Kind::kResult},
                                                     {"error", RpcExpectation::Kind::kError},
                                                     {"no_answer", RpcExpectation::Kind::kNoAnswer},
                                                     {"gone", RpcExpectation::Kind::kGone}};
  RpcExpectation expectation;
  if (value.kind == YamlValue::Kind::kScalar) {
    expectation.kind =
        ReadWord(value, "expectation", context, kWords).value_or(RpcExpectation::Kind::kResult);
    return expectation;
  }
  if (value.kind != YamlValue::Kind::kMap || value.entries.size() != 1) {
    ReportWrongType(value, "`expect`",
                    "result, error, no_answer, gone, {result: VALUE} or {error: {code: ..., "
                    "message: ...}}",
                    context);
    return expectation;
  }
  MapReader map(value, "an expectation", context);
  if (const YamlValue* result = map.Find("result"); result != nullptr) {
    expectation.value = ReadJson(*result, "`result`", context);
  }
  if (const YamlValue* error = map.Find("error"); error != nullptr) {
    expectation.kind = RpcExpectation::Kind::kError;
    ReadError(*error, expectation, context);
  }
  map.Finish();
  return expectation;
}

}  // namespace

std::vector<RpcExpectation> ReadRpcExpectations(const YamlValue& value, ReadContext& context) {
  std::vector<RpcExpectation> expectations;
  if (value.kind == YamlValue::Kind::kSequence) {
    for (const YamlPtr& item : value.items) {
      expectations.push_back(ReadOne(*item, context));
    }
  } else {
    expectations.push_back(ReadOne(value, context));
  }
  return expectations;
}

}  // namespace faultline
