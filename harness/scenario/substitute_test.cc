#include "harness/scenario/substitute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The text and the complaints of one substitution.
struct Outcome {
  explicit Outcome(const std::string& text, const Variables& variables,
                   SubstituteStage stage = SubstituteStage::kFinal)
      : text(Substitute(text, variables, stage,
                        [this](const std::string& message) { complaints.push_back(message); })) {}
  std::vector<std::string> complaints;
  std::string text;
};

TEST(SubstituteTest, ReplacesVariables) {
  const Outcome outcome("-s ${memory} on ${cores}", {{"memory", "256"}, {"cores", "0x3"}});
  EXPECT_EQ(outcome.text, "-s 256 on 0x3");
  EXPECT_THAT(outcome.complaints, IsEmpty());
}

TEST(SubstituteTest, ValuesMayUseVariables) {
  EXPECT_EQ(Outcome("${a}", {{"a", "<${b}>"}, {"b", "${c}${c}"}, {"c", "x"}}).text, "<xx>");
}

TEST(SubstituteTest, DollarsThatStartNoVariableStandForThemselves) {
  EXPECT_EQ(Outcome("^done$ cost $5", {}).text, "^done$ cost $5");
  EXPECT_EQ(Outcome("$${a} $$", {}).text, "${a} $");
}

TEST(SubstituteTest, UnknownVariableNamesTheNearest) {
  EXPECT_THAT(Outcome("${memroy}", {{"memory", ""}}).complaints,
              ElementsAre("unknown variable `${memroy}`; did you mean `memory`?"));
  EXPECT_THAT(Outcome("${runn_dir}", {}).complaints,
              ElementsAre(HasSubstr("did you mean `run_dir`?")));
}

TEST(SubstituteTest, RefusesWhatIsNoVariable) {
  for (const char* text : {"${", "${a", "${}", "${A}", "${a b}", "${1}", "${a.b}"}) {
    EXPECT_THAT(Outcome(text, {{"a", ""}}).complaints, ElementsAre(HasSubstr("is not a variable")))
        << text;
  }
}

TEST(SubstituteTest, RunTimeNamesWaitForTheRun) {
  const Outcome kept("${run_dir}/${a} $$", {{"a", "x"}}, SubstituteStage::kKeepForRun);
  EXPECT_EQ(kept.text, "${run_dir}/x $$");
  EXPECT_EQ(ExpandForRun(kept.text, {{"run_dir", "/tmp/1"}}), "/tmp/1/x $");
}

TEST(SubstituteTest, RunTimeNamesHaveNoPlaceInFinalTexts) {
  EXPECT_THAT(Outcome("${pid}", {}).complaints,
              ElementsAre(HasSubstr("`${pid}` is known only during a run")));
}

TEST(SubstituteTest, EndlessVariablesAreAMistake) {
  EXPECT_THAT(Outcome("${a}", {{"a", "${b}"}, {"b", "${a}"}}).complaints,
              ElementsAre("variable `${a}` leads back to itself"));
}

// Twenty variables, each twice the one before: 2^20 pieces.
Variables Doubling(const std::string& seed) {
  Variables variables = {{"v0", seed}};
  for (int i = 1; i <= 20; ++i) {
    const std::string before = "${v" + std::to_string(i - 1) + "}";
    variables["v" + std::to_string(i)] = before + before;
  }
  return variables;
}

TEST(SubstituteTest, VariablesThatExplodeAreAMistake) {
  EXPECT_THAT(Outcome("${v20}", Doubling(std::string(1000, 'x'))).complaints,
              ElementsAre(HasSubstr("longer than 64 KiB")));
  EXPECT_THAT(Outcome("${v20}", Doubling("")).complaints,
              ElementsAre(HasSubstr("more than 10000 variables")));
}

TEST(ExpandForRunTest, NameWithoutValueIsAFailure) {
  EXPECT_THROW(ExpandForRun("${pid}", {{"run_dir", "/tmp"}}), Failure);
  EXPECT_THROW(ExpandForRun("${huge_dir}", {}), Failure);
}

TEST(ExpandForRunTest, ExpandsTextsInsideJson) {
  const nlohmann::json params = {{"path", "${run_dir}/a"}, {"n", 5}, {"list", {"$$", nullptr}}};
  EXPECT_EQ(ExpandForRun(params, {{"run_dir", "/r"}}),
            nlohmann::json({{"path", "/r/a"}, {"n", 5}, {"list", {"$", nullptr}}}));
}

TEST(VariableNameTest, KnowsNames) {
  EXPECT_TRUE(IsVariableName("memory_mb2"));
  for (const char* text : {"", "Memory", "2mb", "a-b", "_a", "a b"}) {
    EXPECT_FALSE(IsVariableName(text)) << text;
  }
}

}  // namespace
}  // namespace faultline
