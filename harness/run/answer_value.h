#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/substitute.h"

// Values inside of an answer: where they are, and whether they are as a scenario wants them.
namespace faultline {

// The value at ValueTest::path; nullptr when there is none.
const nlohmann::json* FindAt(const nlohmann::json& answer, const std::string& path);

// Whether `answer` (or a count, at path ".") passes the test. A number is compared with a number
// only: a text is neither above nor below one.
bool Passes(const nlohmann::json& answer, const ValueTest& test);

// `tests` with the run's values in them.
std::vector<ValueTest> ExpandForRun(std::vector<ValueTest> tests, const Variables& values,
                                    const std::map<std::string, nlohmann::json>& saved = {});

// "0.free at least 5"; for people.
std::string Describe(const ValueTest& test);
// The first test that `answer` does not pass and what is there instead: "0.free at least 5, and it
// is 3"; "" when it passes all.
std::string FirstFailed(const nlohmann::json& answer, const std::vector<ValueTest>& tests);

}  // namespace faultline
