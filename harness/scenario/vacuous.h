#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace faultline {

// Checks that cannot fail whatever the target does: a file with one is refused, since its green
// result would mean nothing. All functions are pure.

// `pattern`, a valid regular expression, is in every line, as that of "", ".*" or "a?".
bool IsInEveryLine(const std::string& pattern);

// `pattern` ends with a line break: no line has it, and no line has one.
bool WantsLineBreak(const std::string& pattern);

// A test of a number of things, which is never below 0, that every such number passes.
bool HoldsOfEveryCount(const ValueTest& test);

// A test of a value at a path that every value there, or every result, passes.
bool HoldsOfEveryValue(const ValueTest& test);

// Any answer will do: a result and an error are both expected, and nothing is said of them.
bool HoldsOfEveryAnswer(const std::vector<RpcExpectation>& expect);

// An `expect_flat` of fewer than three with its name in one life of its target tells nothing: what
// is made at the first time may stay, so growth is seen from the second on.
inline constexpr int kFewestFlat = 3;

// Of the steps of a whole run, those `expect_flat` that can tell nothing; `count` is how often
// there is one of that name, at most, in a life.
struct IdleFlat {
  const Step* step = nullptr;  // the first of its name
  int count = 0;
};
std::vector<IdleFlat> IdleFlatSteps(const std::vector<Step>& steps);

}  // namespace faultline
