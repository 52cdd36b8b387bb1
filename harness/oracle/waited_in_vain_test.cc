#include <dlfcn.h>
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "harness/oracle/testing/judged_run.h"

// What the hang oracle says of targets that outlived a limit and yet may have done all that was
// asked of them.
namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

[[gnu::noinline]] uintptr_t Here() {
  return reinterpret_cast<uintptr_t>(__builtin_return_address(0));
}

// Where it is once it has said that it is ready, or before.
[[gnu::noinline]] uintptr_t SayReady(bool has_said) {
  uintptr_t place = 0;
  if (!has_said) {
    place = Here();
  }
  const char* volatile said = "lcore 0: the planted target is ready";
  (void)said;
  if (has_said) {
    place = Here();
  }
  return place;
}

// A start that was waited for in vain because of a failed call, of a target that is this program.
class StartWithoutItsLine : public ::testing::Test {
 protected:
  StartWithoutItsLine() {
    run_.profile.ready = {.kind = ReadyCondition::Kind::kLogLine,
                          .rpc_method = "",
                          .value = "planted target is ready$"};
    run_.Inject("memory", "fail");
    run_.result(1).status = StepResult::Status::kTimedOut;
    BeAt(SayReady(/*has_said=*/true));
  }
  void BeAt(uintptr_t place) {
    Dl_info info = {};
    ASSERT_NE(dladdr(reinterpret_cast<void*>(place), &info), 0);
    JournalModule module;
    module.path = std::filesystem::read_symlink("/proc/self/exe");
    module.is_main = true;
    Frame frame = At("SayReady", "/src/t.c", std::filesystem::path(module.path).filename());
    frame.offset = place - reinterpret_cast<uintptr_t>(info.dli_fbase);
    run_.evidence.journal.modules = {module};
    run_.evidence.threads = {{.tid = 100, .name = "main", .frames = {frame}, .crashed = false}};
  }

  JudgedRun run_;
};

TEST_F(StartWithoutItsLine, IsNoHangOfATargetThatIsPastThePlaceWhereItSaysIt) {
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(StartWithoutItsLine, IsAHangBeforeThatPlace) {
  BeAt(SayReady(/*has_said=*/false));
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

TEST_F(StartWithoutItsLine, IsAHangWhereAnotherLineIsWaitedFor) {
  run_.profile.ready.value = "another target is ready$";
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

TEST_F(StartWithoutItsLine, IsAHangOfATargetThatDoesNotEndWhenAsked) {
  run_.evidence.exit = {ExitStatus::Kind::kKilledByUs};
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

TEST_F(StartWithoutItsLine, IsAHangWhereNothingFailed) {
  run_.evidence.injections.clear();
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

// ---- A target that nobody asked to end

class Unasked : public ::testing::Test {
 protected:
  Unasked() {
    run_.scenario.steps.erase(run_.scenario.steps.begin() + 2);  // the signal
    run_.evidence.steps.erase(run_.evidence.steps.begin() + 2);
    run_.result(3).index = 3;
    run_.result(3).status = StepResult::Status::kTimedOut;
    run_.result(3).unasked = true;
    run_.scenario.tolerance = Tolerance::kMayFailCleanly;
  }

  JudgedRun run_;
};

TEST_F(Unasked, ThatEndsInOrderWhenItIsAskedDidNotHang) {
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(
      findings[0].title,
      "step 3 (wait for the exit) had no end: the target goes on, for nobody asked it to end");
}

TEST_F(Unasked, ThatIsAskedInVainHangs) {
  run_.evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

TEST_F(Unasked, ThatServesAClientButDoesNotStopHangsInItsStop) {
  run_.result(3).still_serves = true;
  run_.evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
  EXPECT_THAT(run_.Judge().at(0).signature, HasSubstr("hang: stop"));
}

TEST_F(Unasked, ThatIsEndedByTheSignalAsAnyProgramWouldBeHung) {
  run_.evidence.exit = {ExitStatus::Kind::kSignaled, SIGTERM};
  EXPECT_THAT(run_.Judge(), Contains(IsKind("hang")));
}

}  // namespace
}  // namespace faultline
