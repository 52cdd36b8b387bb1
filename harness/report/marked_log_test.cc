#include "harness/report/marked_log.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using nlohmann::json;
using testing::Optional;

json EvidenceOf(const json& times, int64_t injected_ms) {
  return {{"log", {"a", "b", "c"}},
          {"log_ms", times},
          {"injections", {{{"time_ms", injected_ms}}, {{"time_ms", 1}}}}};
}

TEST(MarkedLog, PutsTheCallBetweenTheLinesOfItsTime) {
  EXPECT_THAT(LogOf(EvidenceOf({1, 5, 9}, 6)).injected_before, Optional(2u));
  EXPECT_THAT(LogOf(EvidenceOf({1, 5, 9}, 0)).injected_before, Optional(0u));
  EXPECT_THAT(LogOf(EvidenceOf({1, 5, 9}, 10)).injected_before, Optional(3u));
}

// Tempting: a line of the same millisecond came first. It tells of the failure, as a rule.
TEST(MarkedLog, ALineOfTheSameMillisecondFollowsTheCall) {
  EXPECT_THAT(LogOf(EvidenceOf({1, 5, 5}, 5)).injected_before, Optional(1u));
}

TEST(MarkedLog, WithoutAllTimesNothingIsMarked) {
  EXPECT_EQ(LogOf(EvidenceOf({1, 5}, 6)).injected_before, std::nullopt);
  EXPECT_EQ(LogOf({{"log", {"a"}}, {"log_ms", {1}}}).injected_before, std::nullopt);
  for (const char* odd : {"7", "[]", R"({"log": 7, "log_ms": "x", "injections": [7]})",
                          R"({"log": [], "log_ms": [], "injections": [{"time_ms": 7}]})"}) {
    EXPECT_EQ(LogOf(json::parse(odd)).injected_before, std::nullopt) << odd;
  }
  EXPECT_EQ(LogOf(json::parse(R"({"log": [7, {}]})")).lines.size(), 2u);
}

}  // namespace
}  // namespace faultline
