#include "harness/oracle/fault_free_run.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testkit::JudgedRun;

FaultFreeRun Describe(const JudgedRun& run) {
  return DescribeFaultFree(run.evidence, run.catalogue, run.profile);
}

TEST(FaultFreeRun, CountsWhatIsMadeWhatLastsAndWhatIsKept) {
  JudgedRun run;
  run.step = 2;
  run.Call("mempool/create", 0x10, "brief_1");
  run.Call("mempool/free", 0x10);
  run.Call("mempool/create", 0x11, "brief_2");
  run.Call("io_device/register", 0x20, "kept");
  run.step = 4;
  run.Call("mempool/free", 0x11);
  const FaultFreeRun described = Describe(run);
  const ObjectGroup* pools = described.FindGroup("mempool `brief_#'");
  ASSERT_NE(pools, nullptr);
  EXPECT_EQ(pools->created, 2);
  EXPECT_EQ(pools->lasting, 1);
  EXPECT_EQ(pools->alive, 0);
  const ObjectGroup* device = described.FindGroup("io_device `kept'");
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->alive, 1);
  EXPECT_GT(device->order, pools->order);
  EXPECT_EQ(described.FindGroup("mempool `other'"), nullptr);
}

TEST(FaultFreeRun, TakesTheSlowestAnswer) {
  JudgedRun run;
  run.evidence.rpcs.push_back(run.evidence.rpcs[0]);
  run.evidence.rpcs[1].duration_ms = 700;
  EXPECT_EQ(Describe(run).rpc_ms, 700);
}

TEST(FaultFreeRun, ALineIsAnAnswerTooUnlessTheScenarioSaysHowLongItMayTake) {
  JudgedRun run;
  WaitAccount& wait = run.evidence.steps.emplace_back().wait;
  wait.for_what = "a line with `rebuilt`";
  wait.took_ms = 4'100;
  EXPECT_EQ(Describe(run).rpc_ms, 4'100);
  wait.limit_is_own = true;
  EXPECT_LT(Describe(run).rpc_ms, 4'100);
  wait.limit_is_own = false;
  wait.for_what = std::string(kForReady) + " (its line `up`)";
  EXPECT_LT(Describe(run).rpc_ms, 4'100);
}

// A failed start: nobody asks for the end, and all of the start passes while a step waits for it.
TEST(FaultFreeRun, AnEndThatNobodyAsksForTakesAsLongAsAStepWaitsForIt) {
  JudgedRun run;
  run.evidence.stop_ms = 0;
  WaitAccount& wait = run.evidence.steps.emplace_back().wait;
  wait.for_what = kForItsEnd;
  wait.took_ms = 1'500;
  EXPECT_EQ(Describe(run).stop_ms, 1'500);
  wait.for_what = "an answer to framework_start_init";
  EXPECT_EQ(Describe(run).stop_ms, 0);
}

TEST(FaultFreeRun, KnowsWhatTheTargetSaysAnyway) {
  JudgedRun run;
  run.Say("[2026-01-02 20:21:22.1] a.c: 12: ERROR: no device 0x5500");
  run.Say("ready");
  const FaultFreeRun described = Describe(run);
  EXPECT_TRUE(described.Says("[2026-01-03 04:05:06.7] a.c: 13: ERROR: no device 0x5600"));
  EXPECT_FALSE(described.Says("a.c: 12: ERROR: no ring"));
}

TEST(FaultFreeRun, WidenKeepsWhatIsMadeInBothAndLeftInEither) {
  JudgedRun one;
  one.Call("mempool/create", 0x10, "both");
  one.Call("mempool/create", 0x11, "both");
  one.Call("io_device/register", 0x20, "only_here");
  one.OpenAtExit(0, "/dev/null");
  one.evidence.left_behind = {"file a"};
  JudgedRun other;
  other.Call("mempool/create", 0x10, "both");
  other.Call("mempool/free", 0x10);
  other.OpenAtExit(7, "socket:[1]");
  other.evidence.left_behind = {"file b"};
  other.evidence.start_ms = 900;
  FaultFreeRun run = Describe(one);
  Widen(run, Describe(other));
  EXPECT_EQ(run.start_ms, 900);
  EXPECT_EQ(run.FindGroup("mempool `both'")->created, 1);
  EXPECT_EQ(run.FindGroup("mempool `both'")->alive, 2);
  EXPECT_EQ(run.FindGroup("io_device `only_here'")->created, 0);
  EXPECT_THAT(run.left_behind, ElementsAre("file a", "file b"));
  EXPECT_THAT(run.open_files, ElementsAre(Pair("file", 1), Pair("socket", 1)));
  EXPECT_TRUE(run.open_std.empty()) << "descriptor 0 is not always open";
}

// A daemon closes all that it was given, and opens /dev/null in its place.
TEST(FaultFreeRun, AStandardDescriptorThatItClosesItselfIsNotKept) {
  JudgedRun run;
  run.evidence.observers.push_back("std_fd/close");
  run.OpenAtExit(0, "/dev/null");
  run.OpenAtExit(1, "/dev/null");
  protocol::JournalRecord closed = {};
  closed.kind = protocol::JournalRecord::kObserved;
  closed.index = static_cast<uint32_t>(run.evidence.observers.size() - 1);
  closed.key = 0;
  run.evidence.journal.records.insert(run.evidence.journal.records.begin(), closed);
  EXPECT_THAT(Describe(run).open_std, ElementsAre(1));
}

TEST(FaultFreeRun, RequestsAddWhatTheyAddEachTime) {
  const auto describe = [](std::vector<std::string> added) {
    JudgedRun run;
    run.evidence.rpcs[0].changes = static_cast<int>(added.size());
    run.evidence.rpcs[0].added = std::move(added);
    return Describe(run);
  };
  FaultFreeRun run = describe({"get_disks has `Malloc0' now", "get_disks has `examined' now"});
  Widen(run, describe({"get_disks has `Malloc0' now", "get_disks has `probed' now"}));
  JudgedRun nobody_looked;
  Widen(run, Describe(nobody_looked));
  const FaultFreeAnswer* answer = run.FindAnswer("framework_start_init", 0);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(run.FindAnswer("framework_start_init", 1), nullptr);
  EXPECT_THAT(MissingEffects(*answer, {}), ElementsAre("get_disks has `Malloc#' now"));
  EXPECT_THAT(MissingEffects(*answer, {"get_disks has `Malloc7' now"}), testing::IsEmpty());
}

TEST(FaultFreeRun, ComesBackFromJsonAsItWas) {
  FaultFreeRun run;
  run.start_ms = 1;
  run.rpc_ms = 2;
  run.stop_ms = 3;
  run.left_behind = {"file a"};
  run.removed_by_steps = {"file b"};
  run.groups = {
      {"heap at 12", "e < f", 4, 5, 6, 7, "f < g", {"f", "g", "main"}, false, {"mempool `p'"}, 8}};
  run.open_files = {{"socket", 2}};
  run.open_std = {0, 2};
  run.static_objects = {{{"/bin/t", 0x40}, "io_device", "iobuf"}};
  run.answers = {{"init", RpcExchange::Outcome::kError, {{"code", -1}}, 2, {"probe has `x' now"}}};
  run.lines = {"ERROR: x"};
  const std::optional<FaultFreeRun> back = FaultFreeFromJson(FaultFreeToJson(run));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(FaultFreeToJson(*back), FaultFreeToJson(run));
  EXPECT_EQ(back->groups[0].lasting, 6);
  EXPECT_EQ(back->groups[0].Text(), "heap made by e < f");
  EXPECT_THAT(back->removed_by_steps, ElementsAre("file b"));
  EXPECT_EQ(back->answers[0].outcome, RpcExchange::Outcome::kError);
  EXPECT_THAT(back->answers[0].added, ElementsAre("probe has `x' now"));
  for (const char* text : {"", "{", "[]", R"({"start_ms": "x"})", R"({"start_ms": 1})"}) {
    EXPECT_FALSE(FaultFreeFromJson(text).has_value()) << text;
  }
}

// Tempting: it had ended in the fault-free run, so that it must end in every run.
TEST(FaultFreeRun, AThreadThatDetachesItselfOwesNothing) {
  const auto alive = [](uint32_t ended_by_thread, bool only_by_others = false) {
    testkit::JudgedRun run;
    for (const char* name : {"pthread/create", "pthread/detach"}) {
      const bool makes = std::string_view(name).ends_with("create");
      Observer observer = testkit::MakeObserver(
          name, makes ? Observer::Event::kCreate : Observer::Event::kDestroy, 0);
      observer.wrap = observer.key_is_pointee = makes;
      if (!makes && only_by_others) {
        observer.when = {{.kind = Condition::kOtherThread}};
      }
      run.catalogue.observers.push_back(observer);
      run.evidence.observers.push_back(name);
      run.evidence.hooks.push_back({.symbol = observer.symbols[0],
                                    .module = "libc.so.6",
                                    .status = HookReport::Status::kInstalled,
                                    .reason = "",
                                    .calls = 1});
    }
    run.Call("pthread/create", 7);
    run.tid = ended_by_thread;
    run.Call("pthread/detach", 7);
    return DescribeFaultFree(run.evidence, run.catalogue, run.profile).groups.at(0).alive;
  };
  EXPECT_EQ(alive(1), 0) << "by the thread that made it";
  EXPECT_EQ(alive(2), 1);
  EXPECT_EQ(alive(2, /*only_by_others=*/true), 0) << "as it is joined";
}

}  // namespace
}  // namespace faultline
