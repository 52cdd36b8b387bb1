#include "harness/scenario/load_rpc_expectation.h"

#include <limits>

#include "harness/scenario/load_answer.h"
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
  if (error.is_map() && value.entries.empty()) {
    ReportWrongType(value, "`error`", "`code` or `message`, or `error` alone for any", context);
  }
}

RpcExpectation ReadExpectation(const YamlValue& value, ReadContext& context) {
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
  const bool is_map = value.kind == YamlValue::Kind::kMap;
  const bool both = is_map && value.Find("result") != nullptr && value.Find("error") != nullptr;
  if (!is_map || value.entries.empty() || both) {
    ReportWrongType(value, "`expect`",
                    "result, error, no_answer, gone, {result: VALUE}, {where: {PATH: TEST}} or "
                    "{error: {code: ..., message: ...}}",
                    context);
    return expectation;
  }
  MapReader map(value, "an expectation", context);
  if (const YamlValue* result = map.Find("result"); result != nullptr) {
    expectation.value = ReadJson(*result, "`result`", context);
    if (result->kind == YamlValue::Kind::kMap && result->entries.empty()) {
      context.diagnostics.Add(result->position,
                              "`result` is an empty map, whose members every map has; expected "
                              "members, {where: {.: {length: 0}}} for an empty result, or `result` "
                              "alone for any");
    }
  }
  if (const YamlValue* error = map.Find("error"); error != nullptr) {
    expectation.kind = RpcExpectation::Kind::kError;
    ReadError(*error, expectation, context);
  }
  if (const YamlValue* where = map.Find("where"); where != nullptr) {
    expectation.where = ReadWhere(*where, context);
    if (expectation.kind == RpcExpectation::Kind::kError) {
      context.diagnostics.Add(map.KeyPosition("where"), "`where` is about a result, not an error");
    }
  }
  map.Finish();
  return expectation;
}

}  // namespace

std::vector<RpcExpectation> ReadRpcExpectations(const YamlValue& value, ReadContext& context) {
  std::vector<RpcExpectation> expectations;
  if (value.kind == YamlValue::Kind::kSequence) {
    if (value.items.empty()) {
      context.diagnostics.Add(value.position,
                              "an empty list of expectations; expected result, error, no_answer, "
                              "gone or maps");
    }
    for (const YamlPtr& item : value.items) {
      expectations.push_back(ReadExpectation(*item, context));
    }
  } else {
    expectations.push_back(ReadExpectation(value, context));
  }
  return expectations;
}

}  // namespace faultline
