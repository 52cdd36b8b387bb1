#include "harness/report/terminal.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

#include "harness/oracle/ends_by_design.h"
#include "harness/report/testing/reported_run.h"

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testkit::ReportedRun;

TEST(Verdict, TellsPassCleanErrorKnownAndNewFindingsApart) {
  ReportedRun run;
  EXPECT_EQ(VerdictOf(run.report()), Verdict::kFindings);
  run.findings[0].known = true;
  EXPECT_EQ(VerdictOf(run.report()), Verdict::kKnownFindings);
  run.not_seen.emplace_back();
  EXPECT_EQ(VerdictOf(run.report()), Verdict::kFindings);

  ReportedRun clean;
  clean.MakeClean();
  EXPECT_EQ(VerdictOf(clean.report()), Verdict::kPass);
  clean.evidence.exit.code = 1;
  EXPECT_EQ(VerdictOf(clean.report()), Verdict::kCleanError);
}

TEST(Verdict, AnEndByDesignIsACleanErrorAndHidesNoFindingBesideIt) {
  ReportedRun run;
  run.evidence.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
  run.findings.resize(1);
  run.findings[0].kind = kEndsByDesign;
  EXPECT_EQ(VerdictOf(run.report()), Verdict::kCleanError);
  run.findings.emplace_back().kind = "leak";
  EXPECT_EQ(VerdictOf(run.report()), Verdict::kFindings);
}

TEST(TellRun, ACleanRunIsOneLine) {
  ReportedRun run;
  run.MakeClean();
  EXPECT_EQ(TellRun(run.report()), "pass  founding-case on spdk_tgt: exit 0, 1.23 s\n");
}

TEST(TellRun, TellsTheWholeStoryOfAFailingRunOnOneScreen) {
  ReportedRun run;
  const std::string story = TellRun(run.report());
  EXPECT_THAT(story, StartsWith("findings  founding-case on spdk_tgt: SIGABRT, 1.23 s\n"));
  EXPECT_THAT(
      story,
      AllOf(HasSubstr("io-device-missing: io_device `iobuf' is unregistered"),
            HasSubstr("caused by: ring-create-3"),
            HasSubstr("ring-create-3: dpdk/ring/create (fail), in step 1, at 315 ms"),
            HasSubstr("at spdk_iobuf_initialize (lib/thread/iobuf.c:97)"),
            HasSubstr("io_device 0x9f5fe0 not found"),
            HasSubstr(
                "step 1 (rpc framework_start_init): as written, 40 ms; error {\"code\":-32603}"),
            HasSubstr("end: SIGABRT, 20 ms after the stop signal"),
            HasSubstr("What it should have done\n  use and unregister only devices"),
            HasSubstr("  faultline run founding-case.yaml\n"),
            HasSubstr("  gdb -ex 'break faultline_injected_call' --args spdk_tgt\n")));
  EXPECT_LE(std::count(story.begin(), story.end(), '\n'), 50);
}

TEST(TellRun, StaysOnOneScreenHoweverMuchThereIs) {
  ReportedRun run;
  run.findings[0].details.resize(500, "detail");
  run.findings[0].stack.resize(500, {"f", "f.c", 1, "m", 1});
  run.findings.resize(2, run.findings[0]);
  run.evidence.injections.resize(500, run.evidence.injections[0]);
  run.evidence.log.resize(5000, {.time_ms = 500, .step = 1, .text = std::string(5000, 'x')});
  const std::string story = TellRun(run.report(), {.color = false, .width = 80});
  EXPECT_LE(std::count(story.begin(), story.end(), '\n'), 80);
  EXPECT_THAT(story, AllOf(HasSubstr("by f (f.c:1)\n    ... this frame x 498"),
                           HasSubstr(", in step 1, at 315 ms, x 500\n"),
                           HasSubstr("... 494 more lines"), Not(HasSubstr(std::string(160, 'x')))));
}

TEST(TellRun, TellsTheErrorAndTheEndOfALongLog) {
  ReportedRun run;
  run.evidence.log.resize(100, {.time_ms = 500, .step = 1, .text = "noise"});
  run.evidence.log.push_back({.time_ms = 600, .step = 1, .text = "last words"});
  EXPECT_THAT(TellRun(run.report()), AllOf(HasSubstr("cannot create ring"), HasSubstr("last words"),
                                           Not(HasSubstr("starting"))));
}

TEST(TellRun, APassSaysWhichStepsWereRefused) {
  ReportedRun run;
  const std::vector<Injection> injections = run.evidence.injections;
  run.MakeClean();
  run.evidence.injections = injections;
  StepResult refused;
  refused.index = 3;
  refused.title = "open";
  refused.status = StepResult::Status::kUnmet;
  refused.detail = "expected exit 0, got exit 1: ERROR: no\nmemory";
  StepResult skipped = refused;
  skipped.index = 4;
  skipped.status = StepResult::Status::kSkipped;
  run.evidence.steps = {refused, skipped, skipped};
  EXPECT_THAT(
      TellRun(run.report()),
      HasSubstr("  step 3 (open) was refused, as it may be when a call fails: expected exit "
                "0, got exit 1: ERROR: no\n  2 steps behind it were skipped\n"));
  run.evidence.steps[0].detail = "expected an exit, got SIGKILL";
  EXPECT_THAT(TellRun(run.report()), Not(HasSubstr("refused"))) << "the scenario killed it";
  run.evidence.steps[0].detail = refused.detail;
  run.evidence.injections.clear();
  EXPECT_THAT(TellRun(run.report()), Not(HasSubstr("refused")));
}

TEST(TellRun, NeverPassesOnWhatWouldSteerTheTerminal) {
  ReportedRun run;
  run.findings[0].title = "\x1b[31mred";
  const std::string story = TellRunInFull(run.report());
  EXPECT_THAT(story, Not(HasSubstr("\x1b")));
  EXPECT_THAT(story, HasSubstr("\\x1b[2J"));
}

TEST(TellRun, ColoursOnlyWhenAsked) {
  ReportedRun run;
  EXPECT_THAT(TellRun(run.report()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(TellRun(run.report(), {.color = true}), StartsWith("\x1b[31mfindings\x1b[0m"));
}

TEST(TellRun, NamesTheKnownFindingThatDidNotCome) {
  ReportedRun run;
  run.MakeClean();
  run.not_seen.push_back({.kind = "crash", .pattern = "mp_socket", .note = "", .position = {}});
  EXPECT_THAT(TellRun(run.report()),
              HasSubstr("known finding that was not observed: crash mp_socket\n"));
}

TEST(TellRunInFull, ShowsTheStacksOfAllThreads) {
  ReportedRun run;
  run.evidence.threads = {
      {.tid = 7, .name = "reactor_0", .frames = {{"f", "", 0, "m", 1}}, .crashed = true}};
  EXPECT_THAT(TellRunInFull(run.report()),
              HasSubstr("Threads\n  7 reactor_0 (crashed)\n    at f (m+0x1)\n"));
  EXPECT_THAT(TellRun(run.report()), Not(HasSubstr("Threads")));
}

}  // namespace
}  // namespace faultline
