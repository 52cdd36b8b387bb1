#include "harness/scenario/load_rpc_step.h"

#include <fmt/format.h>

#include "harness/scenario/load_answer.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_rpc_expectation.h"
#include "harness/scenario/vacuous.h"

namespace faultline {
namespace {

constexpr size_t kMostPipelined = 1'000;

void ReadExpect(MapReader& map, std::string_view key, std::vector<RpcExpectation>& out) {
  if (const YamlValue* expect = map.Find(key); expect != nullptr) {
    out = ReadRpcExpectations(*expect, map.context());
  }
}

void ReadSaved(MapReader& map, std::map<std::string, std::string>& out) {
  if (const YamlValue* save = map.Find("save"); save != nullptr) {
    out = ReadSave(*save, map.context());
  }
}

// `key` has no place beside `other`.
void RefuseBeside(MapReader& map, std::string_view key, std::string_view other) {
  if (map.Find(key) != nullptr) {
    map.context().diagnostics.Add(map.KeyPosition(key),
                                  fmt::format("`{}` and `{}`; expected one", key, other));
  }
}

// What a request of its own and one of a pipeline have in common.
void ReadRequest(MapReader& map, RpcStep& step) {
  map.Text("rpc", step.method);
  ReadParams(map, step.params);
  ReadExpect(map, "expect", step.expect);
  ReadSaved(map, step.save);
}

}  // namespace

std::optional<StepAction> ReadRpcStep(MapReader& map) {
  RpcStep step;
  ReadRequest(map, step);
  map.Text("connection", step.connection);
  map.Bool("no_wait", step.no_wait);
  ReadExpect(map, "until", step.until);
  if (!step.until.empty()) {
    RefuseBeside(map, "expect", "until");
  }
  if (HoldsOfEveryAnswer(step.until)) {
    map.context().diagnostics.Add(map.Find("until")->position,
                                  "`until` takes every answer, so that the first one ends it; "
                                  "expected one that the target does not give at once");
  }
  if (step.no_wait) {
    for (const std::string_view key : {"expect", "save", "until", "within"}) {
      if (map.Find(key) != nullptr) {
        map.context().diagnostics.Add(
            map.KeyPosition(key),
            fmt::format("`{}` has no place beside `no_wait`; expected it in a step `answer_to`",
                        key));
      }
    }
  }
  return step;
}

std::optional<StepAction> ReadPipelineStep(MapReader& map) {
  PipelineStep step;
  map.Text("connection", step.connection);
  const YamlValue& list = *map.Find("pipeline");
  if (list.kind != YamlValue::Kind::kSequence || list.items.empty() ||
      list.items.size() > kMostPipelined) {
    ReportWrongType(
        list, "`pipeline`",
        fmt::format("a list of 1 to {} requests {{rpc: METHOD, params: ...}}", kMostPipelined),
        map.context());
    return std::nullopt;
  }
  for (const YamlPtr& item : list.items) {
    MapReader request(*item, "a request", map.context());
    request.Require("rpc");
    ReadRequest(request, step.requests.emplace_back());
    request.Finish();
  }
  return step;
}

std::optional<StepAction> ReadRawStep(MapReader& map) {
  RawStep step;
  const auto bytes =
      ReadText(*map.Find("raw"), "`raw`", map.context(), SubstituteStage::kKeepForRun);
  map.Text("connection", step.connection);
  ReadExpect(map, "expect", step.expect);
  ReadSaved(map, step.save);
  if (!step.save.empty() && step.expect.empty()) {
    map.context().diagnostics.Add(map.KeyPosition("save"), "`save` of `raw` needs `expect`");
  }
  if (!bytes.has_value()) {
    return std::nullopt;
  }
  if (bytes->empty()) {
    ReportWrongType(*map.Find("raw"), "`raw`", "at least one byte", map.context());
  }
  step.bytes = *bytes;
  return step;
}

std::optional<StepAction> ReadAnswerStep(MapReader& map) {
  AnswerStep step;
  map.Text("answer_to", step.step);
  ReadExpect(map, "expect", step.expect);
  ReadSaved(map, step.save);
  return step;
}

std::optional<StepAction> ReadDisconnectStep(MapReader& map) {
  DisconnectStep step;
  if (const YamlValue* name = map.Find("disconnect"); name->kind != YamlValue::Kind::kNull) {
    map.Text("disconnect", step.connection);
  }
  return step;
}

}  // namespace faultline
