#include "harness/scenario/yaml_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/testing/yaml.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;
using testing::Yaml;

const YamlValue& At(const Yaml& yaml, std::string_view key) { return *yaml.root->Find(key)->value; }

TEST(YamlValueTest, KeepsWhereThingsAreWritten) {
  const Yaml yaml("a: 1\nlist:\n  - x\n  - {y: z}\n");
  EXPECT_EQ(yaml.diagnostics.ToString(), "");
  EXPECT_EQ(At(yaml, "a").position.ToString(), "text:1:4");
  const YamlValue& list = At(yaml, "list");
  EXPECT_EQ(list.items[0]->position.ToString(), "text:3:5");
  EXPECT_EQ(list.items[1]->entries[0].key_position.ToString(), "text:4:6");
}

TEST(YamlValueTest, TellsQuotedScalarsFromPlainOnes) {
  const Yaml yaml("a: 5\nb: '5'\nc: \"5\"\nd: |\n  5\ne: !!str 5\nf:\ng: ~\n");
  EXPECT_FALSE(At(yaml, "a").quoted);
  for (const char* key : {"b", "c", "d", "e"}) {
    EXPECT_TRUE(At(yaml, key).quoted) << key;
  }
  EXPECT_EQ(At(yaml, "f").kind, YamlValue::Kind::kNull);
  EXPECT_EQ(At(yaml, "g").kind, YamlValue::Kind::kNull);
}

TEST(YamlValueTest, SharesAliases) {
  const Yaml yaml("a: &list [1, 2]\nb: *list\n");
  EXPECT_EQ(yaml.root->Find("a")->value, yaml.root->Find("b")->value);
}

TEST(YamlValueTest, MergesMaps) {
  const Yaml yaml(
      "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\n"
      "one: {<<: *base, x: 9}\nall: {<<: [*base, *more]}\n");
  EXPECT_EQ(yaml.diagnostics.ToString(), "");
  EXPECT_EQ(At(yaml, "one").Find("x")->value->text, "9");
  EXPECT_EQ(At(yaml, "one").Find("y")->value->text, "2");
  EXPECT_EQ(At(yaml, "all").Find("y")->value->text, "2");
  EXPECT_EQ(At(yaml, "all").Find("z")->value->text, "4");
  EXPECT_EQ(At(yaml, "all").Find("<<"), nullptr);
}

TEST(YamlValueTest, TellsAKeyThatIsGivenTwiceAndGoesOn) {
  const Yaml yaml("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(yaml.diagnostics.ToString(), "text:3:1: `a` is given twice; first at line 1");
  EXPECT_EQ(At(yaml, "a").text, "1");
}

TEST(YamlValueTest, RefusesDeepNesting) {
  const Yaml brackets(std::string(100'000, '['));
  EXPECT_EQ(brackets.root, nullptr);
  EXPECT_THAT(brackets.diagnostics.ToString(), HasSubstr("nested more than 64 deep"));
  std::string block;
  for (int depth = 0; depth < 200; ++depth) {
    block += std::string(static_cast<size_t>(depth), ' ') + "a:\n";
  }
  EXPECT_THAT(Yaml(block).diagnostics.ToString(), HasSubstr("nested more than 64 deep"));
}

TEST(YamlValueTest, RefusesAliasBombs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 0; n < 9; ++n) {
      text += ", " + before;
    }
    text += "]\n";
  }
  const Yaml bomb(text);
  EXPECT_EQ(bomb.root, nullptr);
  EXPECT_THAT(bomb.diagnostics.ToString(), HasSubstr("more than 100000 values"));
}

TEST(YamlValueTest, RefusesHugeTexts) {
  const Yaml huge("a: " + std::string(kMaxYamlBytes, 'x'));
  EXPECT_EQ(huge.diagnostics.ToString(), "text:1:1: the file is larger than 1024 KiB");
}

TEST(YamlValueTest, AByteOrderMarkIsNoText) {
  const Yaml yaml(
      "\xef\xbb\xbf"
      "a: 1\nb: [\n");
  EXPECT_THAT(yaml.diagnostics.ToString(), HasSubstr("text:3:1: "));
  ASSERT_NE(Yaml("\xef\xbb\xbf"
                 "a: 1\n")
                .root,
            nullptr);
}

TEST(YamlValueTest, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Yaml("a: 1\nb: \xff\n").diagnostics.ToString(),
            "text:2:1: a byte in this line is not UTF-8 text");
}

TEST(YamlValueTest, ACharacterThatIsNoTextIsToldWhereItStands) {
  EXPECT_EQ(Yaml("a: 1\nb: x\x01\n").diagnostics.ToString(),
            "text:2:5: control characters are not allowed");
}

TEST(YamlValueTest, AnAliasInsideWhatItNamesIsToldApartFromOneOfNothing) {
  EXPECT_EQ(Yaml("a: &a [1, *a]\n").diagnostics.ToString(),
            "text:1:11: this alias stands inside the value that it names");
  EXPECT_EQ(Yaml("a: [1, *b]\n").diagnostics.ToString(),
            "text:1:8: nothing before this is named `&b`");
}

TEST(YamlValueTest, DescribesValuesForMessages) {
  EXPECT_EQ(Yaml("[1]").root->Describe(), "a list");
  EXPECT_EQ(Yaml("{a: 1}").root->Describe(), "a map");
  EXPECT_EQ(Yaml("[]").root->Describe(), "an empty list");
  EXPECT_EQ(Yaml("{}").root->Describe(), "an empty map");
  EXPECT_EQ(Yaml("~").root->Describe(), "nothing");
  EXPECT_EQ(Yaml("word").root->Describe(), "`word`");
  EXPECT_EQ(Yaml(std::string(50, 'x')).root->Describe(), "`" + std::string(40, 'x') + "...`");
}

TEST(YamlValueTest, UnreadableFileIsToldByName) {
  Diagnostics diagnostics;
  EXPECT_EQ(ReadYamlFile("/nonexistent/a.yaml", diagnostics), nullptr);
  EXPECT_EQ(diagnostics.ToString(),
            "/nonexistent/a.yaml: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace faultline
