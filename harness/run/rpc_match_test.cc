#include "harness/run/rpc_match.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using nlohmann::json;
using Outcome = RpcExchange::Outcome;
using Expected = RpcExpectation::Kind;

RpcExchange Answered(Outcome outcome, json answer = nullptr) {
  RpcExchange exchange;
  exchange.outcome = outcome;
  exchange.answer = std::move(answer);
  return exchange;
}

RpcExpectation Expect(Expected kind) {
  RpcExpectation expectation;
  expectation.kind = kind;
  return expectation;
}

TEST(RpcMatchTest, AnObjectNeedsItsNamedMembersAndMayHaveMore) {
  const json actual = {{"name", "iobuf"}, {"pool", {{"small", 8191}, {"large", 1023}}}};
  EXPECT_TRUE(faultline::Contains(actual, {{"pool", {{"small", 8191}}}}));
  EXPECT_TRUE(faultline::Contains(actual, json::object()));
  EXPECT_FALSE(faultline::Contains(actual, {{"pool", {{"small", 1}}}}));
  EXPECT_FALSE(faultline::Contains(actual, {{"absent", nullptr}}));
  EXPECT_FALSE(faultline::Contains(json(true), json::object()));
}

TEST(RpcMatchTest, AnArrayNeedsAsManyElementsEachAsExpected) {
  const json actual = {{{"name", "a"}, {"size", 1}}, {{"name", "b"}}};
  EXPECT_TRUE(faultline::Contains(actual, {{{"name", "a"}}, {{"name", "b"}}}));
  EXPECT_FALSE(faultline::Contains(actual, {{{"name", "b"}}, {{"name", "a"}}}));
  EXPECT_FALSE(faultline::Contains(actual, json::array({{{"name", "a"}}})));
}

TEST(RpcMatchTest, OtherValuesMustBeEqual) {
  EXPECT_TRUE(faultline::Contains(json({1, 2}), json({1, 2})));
  EXPECT_FALSE(faultline::Contains(json({1, 2}), json::array({1})));
  EXPECT_TRUE(faultline::Contains(json(1), json(1.0)));
  EXPECT_FALSE(faultline::Contains(json("1"), json(1)));
}

TEST(RpcMatchTest, WithoutExpectationAResultIsWanted) {
  EXPECT_TRUE(MeetsAny(Answered(Outcome::kResult, true), {}));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kError, json::object()), {}));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kNoAnswer), {}));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kGone), {}));
}

TEST(RpcMatchTest, AnyOneOfTheExpectationsIsEnough) {
  const std::vector<RpcExpectation> expect = {Expect(Expected::kError), Expect(Expected::kGone)};
  EXPECT_TRUE(MeetsAny(Answered(Outcome::kError, {{"code", -1}}), expect));
  EXPECT_TRUE(MeetsAny(Answered(Outcome::kGone), expect));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kResult, true), expect));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kNoAnswer), expect));
}

TEST(RpcMatchTest, AnErrorMustHaveTheCodeAndMessageAskedFor) {
  RpcExpectation expectation = Expect(Expected::kError);
  expectation.code = -32603;
  expectation.message_pattern = "^Internal";
  const auto meets = [&](const json& error) {
    return MeetsAny(Answered(Outcome::kError, error), {expectation});
  };
  EXPECT_TRUE(meets({{"code", -32603}, {"message", "Internal error"}}));
  EXPECT_FALSE(meets({{"code", -32602}, {"message", "Internal error"}}));
  EXPECT_FALSE(meets({{"code", -32603}, {"message", "other"}}));
  EXPECT_FALSE(meets({{"message", "Internal error"}}));
  EXPECT_FALSE(meets("Internal error"));
}

TEST(RpcMatchTest, AResultMustHaveTheValueAskedFor) {
  RpcExpectation expectation;
  expectation.value = true;
  EXPECT_TRUE(MeetsAny(Answered(Outcome::kResult, true), {expectation}));
  EXPECT_FALSE(MeetsAny(Answered(Outcome::kResult, false), {expectation}));
}

TEST(RpcMatchTest, SaysWhatWasExpectedAndWhatCame) {
  RpcExpectation error = Expect(Expected::kError);
  error.code = -32603;
  EXPECT_EQ(Describe({error, Expect(Expected::kGone)}), "error -32603 or the end of the target");
  EXPECT_EQ(Describe(std::vector<RpcExpectation>{}), "a result");
  EXPECT_EQ(Describe(Answered(Outcome::kError, {{"code", -1}, {"message", "no"}})), "error -1: no");
  EXPECT_LT(Describe(Answered(Outcome::kResult, std::string(10'000, 'x'))).size(), 300u);
}

TEST(RpcMatchTest, OnlyWithoutAResultAmongTheExpectationsMustItFail) {
  EXPECT_FALSE(MustFail({})) << "a result is expected";
  EXPECT_FALSE(MustFail({Expect(Expected::kError), Expect(Expected::kResult)}));
  EXPECT_TRUE(MustFail({Expect(Expected::kError), Expect(Expected::kGone)}));
}

// A target may answer with any amount of bytes.
TEST(RpcMatchTest, AMessageOf64MebibytesIsMatchedByItsBeginning) {
  RpcExchange exchange;
  exchange.outcome = RpcExchange::Outcome::kError;
  exchange.answer = {{"code", -1}, {"message", "begin" + std::string(64 << 20, 'x')}};
  RpcExpectation expectation;
  expectation.kind = RpcExpectation::Kind::kError;
  expectation.message_pattern = "^begin(x|y)*$";
  EXPECT_TRUE(MeetsAny(exchange, {expectation}));
  EXPECT_LT(Describe(exchange).size(), 1'000u);
}

}  // namespace
}  // namespace faultline
