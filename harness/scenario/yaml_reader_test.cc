#include "harness/scenario/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/testing/yaml.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using testing::Yaml;

TEST(YamlReaderTest, ReadsDurations) {
  const auto read = [](const char* text) {
    Yaml yaml(text);
    ReadContext context = yaml.Context();
    return ReadDurationMs(*yaml.root, "`within`", context);
  };
  EXPECT_EQ(read("500ms"), 500);
  EXPECT_EQ(read("5s"), 5000);
  EXPECT_EQ(read("60m"), 3'600'000);
  for (const char* text :
       {"5", "5h", "0s", "-1s", "1.5s", "s", "61m", "5 s", "99999999999999999s"}) {
    EXPECT_FALSE(read(text).has_value()) << text;
  }
}

TEST(YamlReaderTest, NumbersMayComeFromVariables) {
  Yaml yaml("${count}", {{"count", "32"}});
  ReadContext context = yaml.Context();
  EXPECT_EQ(ReadInteger(*yaml.root, "`n`", context, 0, 100), 32);
}

TEST(YamlReaderTest, NumbersOutOfRangeSayTheRange) {
  Yaml yaml("101");
  ReadContext context = yaml.Context();
  EXPECT_FALSE(ReadInteger(*yaml.root, "`n`", context, 0, 100).has_value());
  EXPECT_EQ(yaml.diagnostics.ToString(),
            "text:1:1: `n` is `101`; expected a whole number from 0 to 100");
}

TEST(YamlReaderTest, QuotedWordsAreNoBooleans) {
  Yaml yaml("[true, 'true']");
  ReadContext context = yaml.Context();
  EXPECT_EQ(ReadBool(*yaml.root->items[0], "`b`", context), true);
  EXPECT_FALSE(ReadBool(*yaml.root->items[1], "`b`", context).has_value());
}

TEST(YamlReaderTest, JsonKeepsTypesAfterVariablesAreReplaced) {
  Yaml yaml(
      "plain: ${small}\nquoted: \"${small}\"\nflag: ${on}\nlist: [1.5, ~, text]\nhex: 0x10\n"
      "path: ${run_dir}/x\n",
      {{"small", "32767"}, {"on", "true"}});
  ReadContext context = yaml.Context();
  EXPECT_EQ(ReadJson(*yaml.root, "`params`", context),
            nlohmann::json({{"plain", 32767},
                            {"quoted", "32767"},
                            {"flag", true},
                            {"list", {1.5, nullptr, "text"}},
                            {"hex", 16},
                            {"path", "${run_dir}/x"}}));
  EXPECT_EQ(yaml.diagnostics.ToString(), "");
}

TEST(YamlReaderTest, PatternsMustCompile) {
  Yaml yaml("['^a$', '(']");
  ReadContext context = yaml.Context();
  EXPECT_EQ(ReadPattern(*yaml.root->items[0], "`p`", context), "^a$");
  EXPECT_FALSE(ReadPattern(*yaml.root->items[1], "`p`", context).has_value());
  EXPECT_EQ(yaml.diagnostics.ToString(),
            "text:1:9: `p` is `(`; expected a regular expression (RE2): missing ): (");
}

TEST(YamlReaderTest, PatternsThatWouldExhaustTheStackAreRefused) {
  Yaml yaml(std::string(1001, '('));
  ReadContext context = yaml.Context();
  EXPECT_FALSE(ReadPattern(*yaml.root, "`p`", context).has_value());
  EXPECT_EQ(yaml.diagnostics.ToString(),
            "text:1:1: `p` is a pattern of 1001 bytes; expected at most 1000");
}

TEST(YamlReaderTest, LongestPatternsCompile) {
  Yaml yaml("'" + std::string(500, '(') + std::string(500, ')') + "'");
  ReadContext context = yaml.Context();
  EXPECT_TRUE(ReadPattern(*yaml.root, "`p`", context).has_value());
}

TEST(YamlReaderTest, PatternsOfARunMayHoldItsNames) {
  Yaml yaml("'^ready in ${run_dir}$'");
  ReadContext context = yaml.Context();
  EXPECT_EQ(ReadPattern(*yaml.root, "`p`", context, SubstituteStage::kKeepForRun),
            "^ready in ${run_dir}$");
}

TEST(YamlReaderTest, OneTextIsAListOfOne) {
  Yaml yaml("[one, [a, b]]");
  ReadContext context = yaml.Context();
  EXPECT_THAT(ReadTexts(*yaml.root->items[0], "`t`", context), ElementsAre("one"));
  EXPECT_THAT(ReadTexts(*yaml.root->items[1], "`t`", context), ElementsAre("a", "b"));
}

TEST(YamlReaderTest, LenientReadingPassesOverUnknownVariables) {
  Yaml yaml("${later}");
  ReadContext context{yaml.diagnostics, yaml.variables, true};
  EXPECT_FALSE(ReadInteger(*yaml.root, "`n`", context, 0, 1).has_value());
  EXPECT_EQ(yaml.diagnostics.ToString(), "");
}

}  // namespace
}  // namespace faultline
