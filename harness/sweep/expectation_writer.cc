#include "harness/sweep/expectation_writer.h"

#include <map>
#include <utility>

namespace faultline {
namespace {

void WriteWhere(YamlWriter& yaml, const std::vector<ValueTest>& where) {
  std::map<std::string, std::vector<ValueTest>> by_path;
  for (const ValueTest& test : where) {
    by_path[test.path].push_back(test);
  }
  yaml.out() << YAML::Key << "where" << YAML::Value << YAML::BeginMap;
  for (const auto& [path, tests] : by_path) {
    yaml.out() << YAML::Key << YAML::DoubleQuoted << path << YAML::Value;
    WriteTests(yaml, tests);
  }
  yaml.out() << YAML::EndMap;
}

void WriteExpectation(YamlWriter& yaml, const RpcExpectation& expectation) {
  switch (expectation.kind) {
    case RpcExpectation::Kind::kNoAnswer:
      yaml.out() << "no_answer";
      return;
    case RpcExpectation::Kind::kGone:
      yaml.out() << "gone";
      return;
    case RpcExpectation::Kind::kResult:
      if (!expectation.value && expectation.where.empty()) {
        yaml.out() << "result";
        return;
      }
      yaml.out() << YAML::BeginMap;
      if (expectation.value) {
        yaml.Json("result", *expectation.value);
      }
      if (!expectation.where.empty()) {
        WriteWhere(yaml, expectation.where);
      }
      yaml.out() << YAML::EndMap;
      return;
    case RpcExpectation::Kind::kError:
      break;
  }
  if (!expectation.code && expectation.message_pattern.empty()) {
    yaml.out() << "error";
    return;
  }
  yaml.out() << YAML::BeginMap << YAML::Key << "error" << YAML::Value << YAML::BeginMap;
  if (expectation.code) {
    yaml.Pair("code", *expectation.code);
  }
  if (!expectation.message_pattern.empty()) {
    yaml.QuotedPair("message", expectation.message_pattern);
  }
  yaml.out() << YAML::EndMap << YAML::EndMap;
}

}  // namespace

void WriteTests(YamlWriter& yaml, const std::vector<ValueTest>& tests) {
  using Kind = ValueTest::Kind;
  static const std::map<Kind, const char*> kWords = {
      {Kind::kEquals, "equals"},   {Kind::kNotEquals, "not_equals"}, {Kind::kAbove, "above"},
      {Kind::kBelow, "below"},     {Kind::kAtLeast, "at_least"},     {Kind::kAtMost, "at_most"},
      {Kind::kMatches, "matches"}, {Kind::kContains, "contains"},    {Kind::kLacks, "lacks"},
      {Kind::kAbsent, "absent"},   {Kind::kPresent, "present"}};
  yaml.out() << YAML::BeginMap;
  std::vector<ValueTest> of_length;
  for (ValueTest test : tests) {
    if (test.of_length) {
      test.of_length = false;
      of_length.push_back(std::move(test));
    } else if (test.kind == Kind::kAbsent || test.kind == Kind::kPresent) {
      yaml.Pair(kWords.at(test.kind), true);
    } else {
      yaml.Json(kWords.at(test.kind), test.value);
    }
  }
  if (!of_length.empty()) {
    yaml.out() << YAML::Key << "length" << YAML::Value;
    WriteTests(yaml, of_length);
  }
  yaml.out() << YAML::EndMap;
}

void WriteExpectations(YamlWriter& yaml, const std::vector<RpcExpectation>& expect,
                       const char* key) {
  if (expect.empty()) {
    return;
  }
  yaml.out() << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const RpcExpectation& expectation : expect) {
    WriteExpectation(yaml, expectation);
  }
  yaml.out() << YAML::EndSeq;
}

}  // namespace faultline
