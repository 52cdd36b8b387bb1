#include "harness/target/rpc_ledger.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Outcome = RpcExchange::Outcome;

nlohmann::json ValueOf(RpcLedger& ledger, uint64_t id) {
  const std::optional<RpcAnswer> answer = ledger.Take(id);
  return answer ? answer->value : "no answer";
}

TEST(RpcLedger, AnswersMayComeInAnyOrderAndSeveralAtATime) {
  RpcLedger ledger(/*keeps_answers=*/false);
  EXPECT_EQ(ledger.Next().id, 1u);
  EXPECT_EQ(ledger.Next().id, 2u);
  EXPECT_EQ(ledger.Read(R"([{"id": 2, "result": "two"}, {"id": 1, "result": "one"}])"), "");
  EXPECT_EQ(ValueOf(ledger, 1), "one");
  EXPECT_EQ(ValueOf(ledger, 2), "two");
  EXPECT_EQ(ValueOf(ledger, 2), "no answer") << "it is given out once";
}

TEST(RpcLedger, WhatCannotBeParsedIsTheOldestRequest) {
  RpcLedger ledger(/*keeps_answers=*/false);
  ledger.Next();
  ledger.Next();
  EXPECT_EQ(ledger.Read(R"({"id": null, "error": {"code": -32700}})"), "");
  EXPECT_TRUE(ledger.Has(1));
  EXPECT_FALSE(ledger.Has(2));
}

TEST(RpcLedger, ARawRequestTakesTheAnswerThatIsNobodyElses) {
  RpcLedger ledger(/*keeps_answers=*/false);
  ledger.Next();
  const uint64_t raw = ledger.Next().id;
  ledger.MarkRaw(raw);
  ledger.Read(R"({"id": "mine", "result": 7})");
  ledger.Read(R"({"id": 1, "result": 8})");
  EXPECT_EQ(ValueOf(ledger, raw), 7);
  EXPECT_EQ(ValueOf(ledger, 1), 8);
}

TEST(RpcLedger, ALateAnswerIsOddOnlyWhenNobodyEverAsked) {
  RpcLedger ledger(/*keeps_answers=*/false);
  ledger.Forget(ledger.Next().id);
  ledger.Read(R"({"id": 1, "result": true})");
  EXPECT_THAT(ledger.notes(), IsEmpty());
  ledger.Read(R"({"id": 1, "result": true})");
  EXPECT_THAT(ledger.notes(), ElementsAre(HasSubstr("never made, id 1")));
}

TEST(RpcLedger, SaysWhatIsNotJsonRpc) {
  RpcLedger ledger(/*keeps_answers=*/false);
  ledger.Next();
  EXPECT_THAT(ledger.Read("{"), HasSubstr("no valid JSON"));
  EXPECT_THAT(ledger.Read(R"({"id": 1})"), HasSubstr("neither result nor error"));
  EXPECT_THAT(ledger.Read(R"([{"id": 1, "result": 1}, 5])"), HasSubstr("neither result"));
  EXPECT_THAT(ledger.Read("\"\xff\""), HasSubstr("no valid JSON"));
  EXPECT_EQ(ledger.Read(R"({"method": "notify", "params": {}})"), "") << "a notification";
}

TEST(RpcLedger, WhoIsClosedAnswersAllThatWait) {
  RpcLedger ledger(/*keeps_answers=*/false);
  ledger.Next();
  ledger.Close({Outcome::kGone, nullptr});
  EXPECT_EQ(ledger.Take(1)->outcome, Outcome::kGone);
}

TEST(RpcLedger, ACopyGivesOutTheIdsBehindTheMarkAgainWithTheirAnswers) {
  RpcLedger ledger(/*keeps_answers=*/true);
  ledger.Next();
  ledger.Next();
  ledger.Read(R"({"id": 1, "result": "one"})");
  ledger.Read(R"({"id": 2, "result": "two"})");
  ledger.Take(1);
  ledger.Take(2);
  RpcLedger copy = RpcLedger::Resume(ledger, /*mark=*/1);
  const RpcLedger::NextRequest again = copy.Next();
  EXPECT_EQ(again.id, 2u);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(ValueOf(copy, 2), "two");
  EXPECT_FALSE(copy.Has(1)) << "that is before the mark";
  EXPECT_EQ(copy.Next().id, 3u);
  EXPECT_TRUE(RpcLedger::Resume(ledger, 2).Next().is_new);
}

TEST(RpcLedger, OddThingsAreNotedUpToALimit) {
  RpcLedger ledger(/*keeps_answers=*/false);
  for (int i = 0; i < 1'000; ++i) {
    ledger.Read(R"({"id": 99, "result": 0})");
  }
  EXPECT_EQ(ledger.notes().size(), 100u);
}

}  // namespace
}  // namespace faultline
