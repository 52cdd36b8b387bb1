// Faults that hold a call instead of making it fail: what is seen of it is when the target goes on.
#include <gmock/gmock.h>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

class CliDelayTest : public CliTest {
 protected:
  // The line `ready` in the report of a run of this scenario file, which must pass.
  nlohmann::json ReadyLine(const std::string& file) {
    const Result run = Run({"run", file, "--json", ReportPath()});
    EXPECT_EQ(run.exit, 0) << run.output;
    const nlohmann::json log = Report().at("log");
    const auto ready = std::find_if(log.begin(), log.end(),
                                    [](const auto& line) { return line.at("text") == "ready"; });
    return ready == log.end() ? nlohmann::json() : *ready;
  }
};

TEST_F(CliDelayTest, ACallThatIsDelayedReturnsThatMuchLater) {
  EXPECT_GE(ReadyLine(Scenario("lives/delayed.yaml")).at("time_ms"), 500);
}

// Which step the line counts to is a matter of who looks first: it is let go as the step begins.
TEST_F(CliDelayTest, ACallThatIsHeldReturnsOnceItsStepBegins) {
  const int64_t ready_ms = ReadyLine(Scenario("lives/held.yaml")).at("time_ms");
  const nlohmann::json before = Report().at("steps").at(1);
  EXPECT_GE(ready_ms + 1, before.at("begin_ms").get<int64_t>() + 100);
}

TEST_F(CliDelayTest, StepsAtACallAreDoneBeforeItReturns) {
  const std::filesystem::path done = directory_ / "done";
  const std::string file = Write("at-call.yaml", R"(faultline: 1
profile: lives
faults:
  - id: table
    point: libc/memory/calloc
    direct_caller: true
    callers: [MakeTable]
    at_call:
      - run: [touch, )" + done.string() + R"(]
      - wait: 300ms
        reason: so that a call that does not wait for it is seen
steps:
  - wait_ready
)");
  EXPECT_GE(ReadyLine(file).at("time_ms"), 300);
  EXPECT_TRUE(std::filesystem::exists(done));
}

}  // namespace
}  // namespace faultline
