#include "harness/oracle/answer_shape.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using nlohmann::json;

std::string Lack(const char* model, const char* answer) {
  return FindLack(json::parse(model), json::parse(answer));
}

TEST(FindLack, NumbersAndSingleTextsMayDiffer) {
  EXPECT_EQ(Lack(R"({"uuid": "a-1", "ticks": 5})", R"({"uuid": "b-2", "ticks": 7.5})"), "");
  EXPECT_EQ(Lack("null", "true"), "");
  EXPECT_EQ(Lack("[1, 2]", "[3, 4, 5]"), "") << "more is no lack";
}

TEST(FindLack, NamesWhatIsNotThere) {
  EXPECT_EQ(Lack(R"([{"name": "Malloc0"}])", "[]"), "[0]");
  EXPECT_EQ(Lack(R"([{"name": "a"}, {"name": "b"}])", R"([{"name": "b"}])"), "[1]");
  EXPECT_EQ(Lack(R"({"pools": {"large": {"free": 1}}})", R"({"pools": {"large": {}}})"),
            "pools.large.free");
  EXPECT_EQ(Lack(R"([{"name": "a"}])", R"([{"name": null}])"), "[0].name");
  EXPECT_EQ(Lack(R"(["one", "two"])", R"(["two", "three"])"), R"(["one"])");
}

TEST(FindLack, TextsWithNumbersInThemMayBeOthersButNotFewer) {
  EXPECT_EQ(Lack(R"(["5a-c6d0"])", R"(["77-c6d1"])"), "");
  EXPECT_EQ(Lack(R"(["5a-c6d0", "b1"])", R"(["77-c6d1"])"), "[1]");
}

TEST(FindLack, TrueThatBecameFalseIsALackAndNotTheOtherWay) {
  EXPECT_EQ(Lack("true", "false"), ".");
  EXPECT_EQ(Lack(R"({"claimed": false})", R"({"claimed": true})"), "");
}

}  // namespace
}  // namespace faultline
