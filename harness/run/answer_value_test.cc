#include "harness/run/answer_value.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using nlohmann::json;
using Kind = ValueTest::Kind;

const json kAnswer = json::parse(R"([
  {"name": "lvs0", "free": 5, "claimed": false, "aliases": ["a", "b"], "a.b": 1, "ratio": 0.5},
  {"name": "lvs1"}])");

bool Holds(const std::string& path, Kind kind, const json& value = nullptr,
           bool of_length = false) {
  return Passes(kAnswer, {path, kind, value, of_length});
}

TEST(AnswerValueTest, FindsByPathAndByPointer) {
  EXPECT_EQ(FindAt(kAnswer, "."), &kAnswer);
  EXPECT_EQ(*FindAt(kAnswer, "1.name"), "lvs1");
  EXPECT_EQ(*FindAt(kAnswer, "0.aliases.1"), "b");
  EXPECT_EQ(*FindAt(kAnswer, "/0/a.b"), 1);
  for (const char* nowhere : {"2", "-1", "0.nam", "0.name.0", "/5", "/x", "name"}) {
    EXPECT_EQ(FindAt(kAnswer, nowhere), nullptr) << nowhere;
  }
}

TEST(AnswerValueTest, ComparesNumbersOnlyWithNumbers) {
  EXPECT_TRUE(Holds("0.free", Kind::kAtLeast, 5));
  EXPECT_FALSE(Holds("0.free", Kind::kAbove, 5));
  EXPECT_TRUE(Holds("0.free", Kind::kBelow, 5.5));
  EXPECT_TRUE(Holds("0.ratio", Kind::kAtMost, 0.5));
  EXPECT_FALSE(Holds("0.name", Kind::kAtLeast, 0));
  EXPECT_FALSE(Holds("0.free", Kind::kAtLeast, "1"));
  EXPECT_TRUE(Holds("0.free", Kind::kEquals, 5.0));
  EXPECT_TRUE(Holds("0.free", Kind::kNotEquals, 6));
}

TEST(AnswerValueTest, SearchesTextsAndLists) {
  EXPECT_TRUE(Holds("0.name", Kind::kMatches, "^lvs[0-9]$"));
  EXPECT_FALSE(Holds("0.name", Kind::kMatches, "^vs"));
  EXPECT_TRUE(Holds("0.claimed", Kind::kMatches, "false"));
  EXPECT_TRUE(Holds(".", Kind::kContains, {{"name", "lvs1"}}));
  EXPECT_FALSE(Holds(".", Kind::kContains, {{"name", "lvs2"}}));
  EXPECT_TRUE(Holds(".", Kind::kLacks, {{"name", "lvs2"}}));
  EXPECT_FALSE(Holds("0.aliases", Kind::kLacks, "a"));
  EXPECT_TRUE(Holds("0.name", Kind::kContains, "vs"));
}

TEST(AnswerValueTest, WhatIsNotThereIsAbsentAndLacksEverything) {
  EXPECT_TRUE(Holds("0.nothing", Kind::kAbsent));
  EXPECT_FALSE(Holds("0.name", Kind::kAbsent));
  EXPECT_TRUE(Holds("0.name", Kind::kPresent));
  EXPECT_FALSE(Holds("0.nothing", Kind::kPresent));
  EXPECT_TRUE(Holds("0.nothing", Kind::kLacks, 1));
  EXPECT_FALSE(Holds("0.nothing", Kind::kEquals, nullptr));
  EXPECT_FALSE(Holds("0.nothing", Kind::kNotEquals, 1));
}

TEST(AnswerValueTest, MeasuresLists) {
  EXPECT_TRUE(Holds(".", Kind::kEquals, 2, true));
  EXPECT_TRUE(Holds("0.aliases", Kind::kAtLeast, 2, true));
  EXPECT_TRUE(Holds("0.name", Kind::kEquals, 4, true));
  EXPECT_FALSE(Holds("0.free", Kind::kAtLeast, 0, true));  // a number has no length
}

TEST(AnswerValueTest, SaysWhatIsThereInstead) {
  EXPECT_EQ(FirstFailed(kAnswer, {{"0.free", Kind::kAbove, 2}, {"0.free", Kind::kAbove, 7}}),
            "0.free above 7, and it is 5");
  EXPECT_EQ(FirstFailed(kAnswer, {{"9", Kind::kPresent}}), "9 present, and there is nothing");
  EXPECT_EQ(FirstFailed(kAnswer, {{".", Kind::kEquals, 3, true}}),
            "the length of . equal to 3, and it is 2");
  EXPECT_EQ(FirstFailed(kAnswer, {}), "");
}

TEST(AnswerValueTest, TakesWhatTheRunHasSaved) {
  const auto tests =
      ExpandForRun({{"0.free", Kind::kEquals, "\x1f${was}"}}, {{"was", "5"}}, {{"was", 5}});
  EXPECT_EQ(tests[0].value, 5);
}

}  // namespace
}  // namespace faultline
