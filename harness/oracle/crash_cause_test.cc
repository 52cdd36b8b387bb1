#include "harness/oracle/crash_cause.h"

#include <gmock/gmock.h>

#include <csignal>

namespace faultline {
namespace {

using Class = CrashCause::Class;

Evidence Died(int signal, const std::vector<std::string>& log) {
  Evidence evidence;
  evidence.exit = {ExitStatus::Kind::kSignaled, signal};
  for (const std::string& line : log) {
    evidence.log.push_back({.time_ms = 0, .step = 0, .text = line});
  }
  return evidence;
}

CrashCause CauseOf(int signal, const std::vector<std::string>& log, const Stack& stack = {}) {
  return FindCrashCause(Died(signal, log), Profile(), stack);
}

TEST(CrashCause, ReadsAnAssertionOfC) {
  const CrashCause cause = CauseOf(
      SIGABRT, {"starting",
                "spdk_tgt: thread.c:2224: spdk_io_device_unregister: Assertion `false' failed."});
  EXPECT_EQ(cause.kind, Class::kAssertion);
  EXPECT_EQ(cause.message, "assertion `false' failed");
  EXPECT_EQ(cause.function, "spdk_io_device_unregister");
  EXPECT_EQ(cause.log_line, 1u);
}

TEST(CrashCause, ReadsAnAssertionOfCxxBehindAnUnfinishedLine) {
  const CrashCause cause =
      CauseOf(SIGABRT, {"progress.. t: a/b.cc:7: void ns::F(int): Assertion `a == \"x\"' failed."});
  EXPECT_EQ(cause.function, "ns::F");
  EXPECT_EQ(cause.message, "assertion `a == \"x\"' failed");
}

TEST(CrashCause, ReadsAPanicWithTheLineBehindIt) {
  const CrashCause cause =
      CauseOf(SIGABRT, {"PANIC in rte_eal_init():", "Cannot init tail queues", "0: main"});
  EXPECT_EQ(cause.kind, Class::kPanic);
  EXPECT_EQ(cause.function, "rte_eal_init");
  EXPECT_EQ(cause.message, "panic: Cannot init tail queues");
}

// __rte_panic writes its head, its message and the stack one after the other.
TEST(CrashCause, LinesOfOtherThreadsAreNotWhatAPanicSays) {
  const std::string head = "PANIC in eal_intr_thread_main():";
  const std::string stack = "0: /lib/librte_eal.so.23 (rte_dump_stack+0x3d) [7fdf8a20732d]";
  EXPECT_EQ(CauseOf(SIGABRT, {head, "EAL: Physical addresses are unavailable", "EAL: Selected IOVA",
                              "Cannot create epoll instance", stack, "main: ready"})
                .message,
            "panic: Cannot create epoll instance");
  EXPECT_EQ(CauseOf(SIGABRT, {head, "EAL: no memory", stack, "ready"}).message,
            "panic: EAL: no memory")
      << "nothing else stands before the stack";
  EXPECT_EQ(CauseOf(SIGABRT, {head, stack, "ready"}).message, "panic");

  FaultFreeRun fault_free;
  fault_free.lines = {"the port is up"};
  const auto message = [&](const std::vector<std::string>& log) {
    return FindCrashCause(Died(SIGABRT, log), Profile(), {}, &fault_free).message;
  };
  EXPECT_EQ(message({head, "the port is up", "Cannot create pipe", stack}),
            "panic: Cannot create pipe");
  EXPECT_EQ(message({head, "Cannot create pipe", "the port is up", stack}),
            "panic: Cannot create pipe");
}

TEST(CrashCause, KnowsTheChecksOfLibc) {
  for (const char* line : {
           "double free or corruption (!prev)",
           "free(): double free detected in tcache 2",
           "free(): invalid pointer",
           "munmap_chunk(): invalid pointer",
           "*** stack smashing detected ***: terminated",
           "*** buffer overflow detected ***: terminated",
           "Fatal glibc error: tpp.c:87 (__pthread_tpp_change_priority): assertion failed: x",
       }) {
    const CrashCause cause = CauseOf(SIGABRT, {line});
    EXPECT_EQ(cause.kind, Class::kLibcCheck) << line;
    EXPECT_EQ(cause.message, line);
  }
}

// Found in whatever function happens to allocate or free.
TEST(CrashCause, KnowsTheChecksOfLibcThatComeAfterTheDeed) {
  for (const char* line :
       {"malloc(): corrupted top size", "malloc(): invalid size (unsorted)",
        "malloc(): unaligned tcache chunk detected", "malloc_consolidate(): invalid chunk size",
        "realloc(): invalid next size", "corrupted size vs. prev_size",
        "corrupted double-linked list", "free(): invalid next size (fast)",
        "double free or corruption (out)"}) {
    const CrashCause cause = CauseOf(SIGABRT, {line});
    EXPECT_EQ(cause.kind, Class::kHeapDamage) << line;
    EXPECT_EQ(cause.message, line);
  }
}

TEST(CrashCause, AFailedAllocationInTheLogIsNoCheckOfLibc) {
  for (const char* line : {"malloc(): returned no memory", "calloc() failed", "free() of pool",
                           "not detected", "assertion failed, going on"}) {
    EXPECT_EQ(CauseOf(SIGABRT, {line}).kind, Class::kAbort) << line;
  }
}

TEST(CrashCause, KnowsAnUncaughtException) {
  const CrashCause cause =
      CauseOf(SIGABRT, {"terminate called after throwing an instance of 'std::bad_alloc'",
                        "  what():  std::bad_alloc"});
  EXPECT_EQ(cause.kind, Class::kException);
}

TEST(CrashCause, TheLastWordsCount) {
  EXPECT_EQ(CauseOf(SIGABRT,
                    {"child: a.c:1: f: Assertion `x' failed.", "double free or corruption (!prev)"})
                .kind,
            Class::kLibcCheck);
}

TEST(CrashCause, AnAbortWithoutWordsIsSaidToBeOne) {
  const CrashCause cause = CauseOf(SIGABRT, {"starting"});
  EXPECT_EQ(cause.kind, Class::kAbort);
  EXPECT_FALSE(cause.log_line);
}

TEST(CrashCause, AnAssertionInTheLogDoesNotExplainAWildPointer) {
  const CrashCause cause = CauseOf(SIGSEGV, {"t: a.c:1: f: Assertion `x' failed."});
  EXPECT_EQ(cause.kind, Class::kWildPointer);
}

TEST(CrashCause, TellsAStackOverflowFromAWildPointerByItsRecursion) {
  const Stack deep(120, Frame{"walk", "a.c", 1, "target", 1});
  EXPECT_EQ(CauseOf(SIGSEGV, {}, deep).kind, Class::kStackOverflow);
  const Stack shallow(20, Frame{"walk", "a.c", 1, "target", 1});
  EXPECT_EQ(CauseOf(SIGSEGV, {}, shallow).kind, Class::kWildPointer);
  Stack different;
  for (int i = 0; i < 120; ++i) {
    different.push_back({"f" + std::to_string(i), "a.c", 1, "target", 1});
  }
  EXPECT_EQ(CauseOf(SIGSEGV, {}, different).kind, Class::kWildPointer);
}

TEST(CrashCause, NamesAnAbortOnPurposeAsTheProfileKnowsIt) {
  Profile profile;
  profile.deliberate_abort = {{.pattern = "PANIC in"}, {.pattern = "out of memory"}};
  const Evidence panic = Died(SIGABRT, {"PANIC in rte_eal_init():", "Cannot init"});
  EXPECT_TRUE(FindCrashCause(panic, profile, {}).deliberate);
  const Evidence plain = Died(SIGABRT, {"fatal: out of memory"});
  const CrashCause cause = FindCrashCause(plain, profile, {});
  EXPECT_TRUE(cause.deliberate);
  EXPECT_EQ(cause.message, "out of memory");
  EXPECT_FALSE(FindCrashCause(Died(SIGSEGV, {"out of memory"}), profile, {}).deliberate);
}

TEST(CrashCause, ANoteOfAVersionIsForTargetsThatSayTheyAreOfIt) {
  Profile profile;
  profile.deliberate_abort = {{.pattern = "msg could not be allocated",
                               .note = "made fatal in v26.01",
                               .note_when = "Starting SPDK v(2[6-9]|[3-9][0-9])\\."}};
  const auto note = [&](const char* first_line) {
    return FindCrashCause(Died(SIGABRT, {first_line, "*ERROR*: msg could not be allocated"}),
                          profile, {})
        .note;
  };
  EXPECT_EQ(note("Starting SPDK v26.09-pre git sha1 3230130e6a"), "made fatal in v26.01");
  EXPECT_EQ(note("Starting SPDK v24.05-pre git sha1 0123456789"), "");
  profile.deliberate_abort[0].note_when.clear();
  EXPECT_EQ(note("Starting SPDK v24.05-pre git sha1 0123456789"), "made fatal in v26.01");
}

}  // namespace
}  // namespace faultline
