#include "harness/target/json_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> All(JsonSplitter& splitter) {
  std::vector<std::string> texts;
  while (std::optional<std::string> text = splitter.Next()) {
    texts.push_back(*text);
  }
  return texts;
}

TEST(JsonSplitter, FindsTextsWithoutDelimiters) {
  JsonSplitter splitter;
  splitter.Feed(R"({"a":1}{"b":[2,{}]} [3] )");
  EXPECT_THAT(All(splitter), ElementsAre(R"({"a":1})", R"({"b":[2,{}]})", "[3]"));
}

TEST(JsonSplitter, IsNotFooledByBracketsAndQuotesInStrings) {
  const std::string text = R"({"a":"}]\"}\\","b":"{"})";
  JsonSplitter splitter;
  splitter.Feed(text + text);
  EXPECT_THAT(All(splitter), ElementsAre(text, text));
}

TEST(JsonSplitter, FindsTheSameTextsHoweverTheBytesArrive) {
  const std::string stream = "{\"a\":\"x\\\"}\"}\n [1,[2]]{\"b\":null}";
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    JsonSplitter splitter;
    std::vector<std::string> texts;
    for (size_t at = 0; at < stream.size(); at += piece) {
      splitter.Feed(stream.substr(at, piece));
      for (const std::string& text : All(splitter)) {
        texts.push_back(text);
      }
    }
    EXPECT_THAT(texts, ElementsAre("{\"a\":\"x\\\"}\"}", "[1,[2]]", "{\"b\":null}")) << piece;
  }
}

TEST(JsonSplitter, WaitsForTheEndOfAnIncompleteText) {
  JsonSplitter splitter;
  EXPECT_FALSE(splitter.incomplete());
  splitter.Feed("{\"a\":");
  EXPECT_EQ(splitter.Next(), std::nullopt);
  EXPECT_TRUE(splitter.incomplete());
  splitter.Feed("1}");
  EXPECT_EQ(splitter.Next(), "{\"a\":1}");
  EXPECT_FALSE(splitter.incomplete());
}

TEST(JsonSplitter, RefusesWhatIsNoObjectAndStaysBroken) {
  JsonSplitter splitter;
  splitter.Feed("HTTP/1.1");
  EXPECT_EQ(splitter.Next(), std::nullopt);
  EXPECT_THAT(splitter.broken(), HasSubstr("0x48"));
  splitter.Feed("{}");
  EXPECT_EQ(splitter.Next(), std::nullopt);
}

TEST(JsonSplitter, RefusesAClosingBracketAtTheStart) {
  JsonSplitter splitter;
  splitter.Feed("}{}");
  EXPECT_EQ(splitter.Next(), std::nullopt);
  EXPECT_FALSE(splitter.broken().empty());
}

TEST(JsonSplitter, RefusesEndlessNesting) {
  JsonSplitter splitter;
  splitter.Feed(std::string(JsonSplitter::kMaxDepth + 1, '['));
  EXPECT_EQ(splitter.Next(), std::nullopt);
  EXPECT_THAT(splitter.broken(), HasSubstr("nested deeper"));
}

TEST(JsonSplitter, RefusesAnEndlessText) {
  JsonSplitter splitter;
  splitter.Feed("{\"" + std::string(JsonSplitter::kMaxTextBytes, 'x'));
  EXPECT_EQ(splitter.Next(), std::nullopt);
  EXPECT_THAT(splitter.broken(), HasSubstr("longer than"));
}

}  // namespace
}  // namespace faultline
