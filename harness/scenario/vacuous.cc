#include "harness/scenario/vacuous.h"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/base/line_pattern.h"

namespace faultline {
namespace {

using TestKind = ValueTest::Kind;

bool Expects(const std::vector<RpcExpectation>& expect, RpcExpectation::Kind kind) {
  return std::ranges::any_of(expect, [kind](const RpcExpectation& one) {
    return one.kind == kind && !one.value && !one.code && one.message_pattern.empty() &&
           std::ranges::all_of(one.where, HoldsOfEveryValue);
  });
}

}  // namespace

bool IsInEveryLine(const std::string& pattern) {
  const LinePattern compiled(pattern);
  // A pattern that no text can lack is in the empty one and in one that nobody means. `^$` is in
  // the first alone.
  return compiled.Matches("") && compiled.Matches("\x01");
}

bool WantsLineBreak(const std::string& pattern) {
  if (pattern.ends_with('\n')) {
    return true;
  }
  if (!pattern.ends_with('n')) {
    return false;
  }
  const size_t before = pattern.find_last_not_of('\\', pattern.size() - 2);
  const size_t slashes = pattern.size() - 2 - (before == std::string::npos ? -1 : before);
  return slashes % 2 == 1;
}

bool HoldsOfEveryCount(const ValueTest& test) {
  if (!test.value.is_number()) {
    return test.kind == TestKind::kPresent;
  }
  const double number = test.value.get<double>();
  switch (test.kind) {
    case TestKind::kAtLeast:
      return number <= 0;
    case TestKind::kAbove:
    case TestKind::kNotEquals:
      return number < 0;
    default:
      return false;
  }
}

bool HoldsOfEveryValue(const ValueTest& test) {
  if (test.of_length) {
    return HoldsOfEveryCount(test);
  }
  switch (test.kind) {
    case TestKind::kPresent:
      return test.path == ".";
    case TestKind::kContains:
      return test.value == "";
    default:
      return false;
  }
}

bool HoldsOfEveryAnswer(const std::vector<RpcExpectation>& expect) {
  return Expects(expect, RpcExpectation::Kind::kResult) &&
         Expects(expect, RpcExpectation::Kind::kError);
}

std::vector<IdleFlat> IdleFlatSteps(const std::vector<Step>& steps) {
  using Name = std::pair<std::string, std::string>;  // of target and step
  std::map<Name, int> in_this_life;
  std::map<Name, IdleFlat> most;
  for (const Step& step : steps) {
    if (std::holds_alternative<RestartStep>(step.action)) {
      std::erase_if(in_this_life, [&](const auto& one) { return one.first.first == step.target; });
    }
    if (const auto* flat = std::get_if<ExpectFlatStep>(&step.action); flat != nullptr) {
      const Name name(step.target, flat->name);
      IdleFlat& known = most[name];
      known.step = known.step == nullptr ? &step : known.step;
      known.count = std::max(known.count, ++in_this_life[name]);
    }
  }
  std::vector<IdleFlat> idle;
  for (const auto& [name, one] : most) {
    if (one.count < kFewestFlat) {
      idle.push_back(one);
    }
  }
  return idle;
}

}  // namespace faultline
