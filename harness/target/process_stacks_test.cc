// Stacks at a crash and of a hung target.
#include <elfutils/libdwfl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "harness/target/stack_walk.h"
#include "harness/target/testing/victim_run.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Names of the functions of a raw stack, as far as the victim's symbol table has them.
std::vector<std::string> Functions(const RawThreadStack& stack) {
  static const Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_build_id_find_elf,
                                            .find_debuginfo = dwfl_standard_find_debuginfo,
                                            .section_address = dwfl_offline_section_address,
                                            .debuginfo_path = nullptr};
  std::vector<std::string> names;
  for (const RawFrame& frame : stack.frames) {
    if (frame.module_path.empty() || frame.module_path.front() != '/') {
      continue;
    }
    Dwfl* dwfl = dwfl_begin(&kCallbacks);
    Dwfl_Module* module = dwfl_report_elf(dwfl, "m", frame.module_path.c_str(), -1, 0, false);
    dwfl_report_end(dwfl, nullptr, nullptr);
    const GElf_Addr address = frame.offset - (frame.is_return_address ? 1 : 0);
    const char* name = module != nullptr ? dwfl_module_addrname(module, address) : nullptr;
    names.push_back(name != nullptr ? name : "?");
    dwfl_end(dwfl);
  }
  return names;
}

const RawThreadStack* FindThread(const StackSnapshot& snapshot, const std::string& name) {
  const auto found =
      std::find_if(snapshot.threads.begin(), snapshot.threads.end(),
                   [&name](const RawThreadStack& thread) { return thread.name == name; });
  return found == snapshot.threads.end() ? nullptr : &*found;
}

// The whole snapshot of a victim that ends by a signal of its own.
StackSnapshot Crash(const std::vector<std::string>& deeds, int signal) {
  VictimRun run(deeds);
  EXPECT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kSignaled);
  EXPECT_EQ(run.process().exit_status().code, signal);
  EXPECT_FALSE(run.process().exit_status().core_dumped);
  const auto& stacks = run.process().crash_stacks();
  EXPECT_TRUE(stacks.has_value());
  return stacks.value_or(StackSnapshot{});
}

TEST(ProcessStacks, ACrashGivesTheStacksOfAllThreads) {
  const StackSnapshot snapshot = Crash({"thread", "crash"}, SIGSEGV);
  EXPECT_EQ(snapshot.signal, SIGSEGV);
  ASSERT_EQ(snapshot.threads.size(), 2U);
  const RawThreadStack& crashed = snapshot.threads[0];
  EXPECT_TRUE(crashed.crashed);
  EXPECT_FALSE(crashed.truncated);
  ASSERT_FALSE(crashed.frames.empty());
  EXPECT_FALSE(crashed.frames[0].is_return_address);
  EXPECT_TRUE(crashed.frames[1].is_return_address);
  const std::vector<std::string> functions = Functions(crashed);
  EXPECT_THAT(functions[0], HasSubstr("PlantedCrash"));
  EXPECT_THAT(functions, Contains("main"));
  const RawThreadStack* idler = FindThread(snapshot, "idler");
  ASSERT_NE(idler, nullptr);
  EXPECT_FALSE(idler->crashed);
  EXPECT_THAT(Functions(*idler), Contains(HasSubstr("WaitForever")));
}

TEST(ProcessStacks, TheThreadThatCrashedKnowsWhatItAccessed) {
  const StackSnapshot snapshot = Crash({"thread", "crash"}, SIGSEGV);
  ASSERT_EQ(snapshot.threads.size(), 2U);
  const std::optional<BadAccess>& access = snapshot.threads[0].bad_access;
  ASSERT_TRUE(access);
  EXPECT_EQ(access->reason, BadAccess::Reason::kNotMapped);
  EXPECT_EQ(access->address, 0u);
  EXPECT_FALSE(snapshot.threads[1].bad_access);
  EXPECT_FALSE(Crash({"abort"}, SIGABRT).threads.at(0).bad_access) << "it accessed nothing";
  const StackSnapshot raised = Crash({"raise-segv"}, SIGSEGV);
  ASSERT_TRUE(raised.threads.at(0).bad_access);
  EXPECT_EQ(raised.threads[0].bad_access->reason, BadAccess::Reason::kSent);
}

// Nothing tells an unwinder what lies at address 0; the caller's address lies on the stack.
TEST(ProcessStacks, ACallThroughANullPointerKeepsItsCaller) {
  for (const auto& [deed, planted] :
       {std::pair{"call-null", "PlantedNullCall"}, std::pair{"call-data", "PlantedWildCall"}}) {
    const StackSnapshot snapshot = Crash({deed}, SIGSEGV);
    ASSERT_FALSE(snapshot.threads.empty()) << deed;
    const std::vector<RawFrame>& frames = snapshot.threads[0].frames;
    ASSERT_GE(frames.size(), 3u) << deed;
    EXPECT_EQ(frames[0].module_path, kNoCode);
    EXPECT_EQ(frames[0].offset == 0, std::string(deed) == "call-null");
    EXPECT_TRUE(frames[1].is_return_address);
    const std::vector<std::string> functions = Functions(snapshot.threads[0]);
    EXPECT_THAT(functions.at(0), HasSubstr(planted)) << "no caller is left out";
    EXPECT_THAT(functions, Contains("main"));
  }
}

// The thread goes on with the registers that it had: its own handler must see them.
TEST(ProcessStacks, ANullCallThatIsCaughtIsLeftAlone) {
  VictimRun run({"catch-segv", "call-null"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().code, 42);
}

TEST(ProcessStacks, AnAbortIsWalkedThroughLibc) {
  const StackSnapshot snapshot = Crash({"abort"}, SIGABRT);
  ASSERT_FALSE(snapshot.threads.empty());
  EXPECT_THAT(Functions(snapshot.threads[0]), Contains("main"));
}

TEST(ProcessStacks, AWriteToAPeerThatIsGoneIsSeenWhereItWasMade) {
  const StackSnapshot snapshot = Crash({"broken-pipe"}, SIGPIPE);
  ASSERT_FALSE(snapshot.threads.empty());
  EXPECT_TRUE(snapshot.threads[0].crashed);
  EXPECT_THAT(Functions(snapshot.threads[0]), Contains(HasSubstr("WriteToNobody")));
}

TEST(ProcessStacks, TheThreadThatCrashedIsMarked) {
  const StackSnapshot snapshot = Crash({"thread", "thread-crash"}, SIGSEGV);
  ASSERT_EQ(snapshot.threads.size(), 3U);
  EXPECT_TRUE(snapshot.threads[0].crashed);
  EXPECT_THAT(Functions(snapshot.threads[0])[0], HasSubstr("PlantedCrash"));
  EXPECT_FALSE(snapshot.threads[1].crashed);
}

TEST(ProcessStacks, AStackOverflowIsCutAtTheLimit) {
  const StackSnapshot snapshot = Crash({"recurse"}, SIGSEGV);
  ASSERT_FALSE(snapshot.threads.empty());
  EXPECT_EQ(snapshot.threads[0].frames.size(), static_cast<size_t>(kMaxStackFrames));
  EXPECT_TRUE(snapshot.threads[0].truncated);
  EXPECT_THAT(Functions(snapshot.threads[0])[100], HasSubstr("PlantedRecursion"));
}

TEST(ProcessStacks, ACaughtSignalIsNoCrash) {
  VictimRun run({"catch-segv", "crash"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kExited);
  EXPECT_EQ(run.process().exit_status().code, 42);
  EXPECT_FALSE(run.process().crash_stacks().has_value());
}

TEST(ProcessStacks, AHandlerThatAbortsIsWalkedToTheCodeItInterrupted) {
  const StackSnapshot snapshot = Crash({"abort-on-segv", "crash"}, SIGABRT);
  ASSERT_FALSE(snapshot.threads.empty());
  const std::vector<std::string> functions = Functions(snapshot.threads[0]);
  EXPECT_THAT(functions, Contains(HasSubstr("PlantedCrash")));
  EXPECT_THAT(functions, Contains("main"));
}

TEST(ProcessStacks, AHungTargetIsSeenAndGoesOn) {
  VictimRun run({"thread", "hello", "echo"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  const StackSnapshot snapshot = run.process().CaptureStacks(10'000);
  ASSERT_EQ(snapshot.threads.size(), 2U);
  EXPECT_EQ(snapshot.signal, 0);
  EXPECT_THAT(Functions(snapshot.threads[0]), Contains("main"));
  ASSERT_TRUE(run.process().Write("on\n", InMs(10'000)));
  ASSERT_TRUE(run.WaitForLine("heard <on>"));
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kExited);
}

TEST(ProcessStacks, ABusyTargetIsSeenToo) {
  VictimRun run({"hello", "spin"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  const StackSnapshot snapshot = run.process().CaptureStacks(10'000);
  ASSERT_EQ(snapshot.threads.size(), 1U);
  EXPECT_THAT(Functions(snapshot.threads[0]), Contains("main"));
}

TEST(ProcessStacks, AMainThreadThatHasExitedDoesNotHoldUpTheOthers) {
  VictimRun run({"main-thread-exits"});
  ASSERT_TRUE(run.WaitForLine("main thread exits"));
  const StackSnapshot snapshot = run.process().CaptureStacks(10'000);
  EXPECT_NE(FindThread(snapshot, "idler"), nullptr);
  EXPECT_EQ(run.process().Finish(0).size(), 0U);
  EXPECT_EQ(run.process().exit_status().kind, ExitStatus::Kind::kKilledByUs);
}

TEST(ProcessStacks, AStoppedTargetIsSeenAndStaysStopped) {
  VictimRun run({"thread", "hello", "stop", "exit-3"});
  ASSERT_TRUE(run.WaitForLine("hello"));
  // The first snapshot may come before the stop, the second may not disturb it.
  EXPECT_EQ(run.process().CaptureStacks(10'000).threads.size(), 2U);
  EXPECT_EQ(run.process().CaptureStacks(10'000).threads.size(), 2U);
  run.process().OnEvent();
  EXPECT_FALSE(run.process().exited());
}

TEST(ProcessStacks, WithoutTracingANoteSaysWhy) {
  VictimRun run({"hello", "wait"}, {.trace = false});
  ASSERT_TRUE(run.WaitForLine("hello"));
  EXPECT_FALSE(run.process().traced());
  const StackSnapshot snapshot = run.process().CaptureStacks(10'000);
  EXPECT_THAT(snapshot.threads, IsEmpty());
  EXPECT_THAT(snapshot.note, HasSubstr("not traced"));
}

TEST(ProcessStacks, AfterTheExitANoteSaysSo) {
  VictimRun run({"exit-3"});
  ASSERT_TRUE(run.WaitForExit());
  EXPECT_THAT(run.process().CaptureStacks(10'000).note, HasSubstr("already ended"));
}

}  // namespace
}  // namespace faultline
