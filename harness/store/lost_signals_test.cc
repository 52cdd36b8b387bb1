#include "harness/store/lost_signals.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

StoredRun RunWith(const std::string& evidence, const std::string& alike = "") {
  StoredRun run;
  run.evidence = evidence;
  run.alike = alike;
  return run;
}

TEST(LostSignals, AreToldOnceWithTheNumberOfRuns) {
  EXPECT_EQ(TellLostSignals({RunWith(R"({"exit": "exit 0"})"),
                             RunWith(R"({"lost_signal": "SIGTERM was lost"})"),
                             RunWith(R"({"lost_signal": "SIGTERM was lost elsewhere"})"),
                             RunWith(R"({"lost_signal": "SIGTERM was lost"})", "another")}),
            "in 2 of 3 runs SIGTERM was lost");
}

TEST(LostSignals, AreNotReadOutOfTheTargetsWords) {
  EXPECT_EQ(TellLostSignals({RunWith(R"({"log": ["my lost_signal counter"]})"),
                             RunWith("lost_signal"), RunWith("")}),
            "");
}

}  // namespace
}  // namespace faultline
