#include "harness/oracle/signature.h"

#include <gmock/gmock.h>

#include "harness/oracle/blame.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NormaliseMessage, DropsWhatDiffersBetweenRunsAndBuilds) {
  EXPECT_EQ(NormaliseMessage("io_device 0x9f5fe0 not found"), "io_device <address> not found");
  EXPECT_EQ(NormaliseMessage("pid 4711: cannot allocate 8192 bytes"),
            "pid <n>: cannot allocate <n> bytes");
  EXPECT_EQ(NormaliseMessage("/home/me/spdk/lib/thread/thread.c:2224: spdk_io_device_unregister:"),
            "thread.c: spdk_io_device_unregister:");
  EXPECT_EQ(NormaliseMessage("thread.c:2224:spdk_io_device_unregister"),
            "thread.c:spdk_io_device_unregister");
  EXPECT_EQ(NormaliseMessage("cannot open /tmp/fl3a9/rpc.sock"), "cannot open rpc.sock");
  EXPECT_EQ(NormaliseMessage("bdev 4c5f2a6e-uuid deadbeef01 of build"),
            "bdev <hash>-uuid <hash> of build");
  EXPECT_EQ(NormaliseMessage("cannot open fl0a1b2c3d4e5f of flat_namespace_x"),
            "cannot open <prefix> of flat_namespace_x");
}

TEST(NormaliseMessage, TakesAUuidForOneName) {
  EXPECT_EQ(NormaliseMessage("bdev '200ea007-0ef3-45d6-9ef8-d99c800ef0d8' is busy"),
            "bdev '<uuid>' is busy");
  EXPECT_EQ(NormaliseMessage("alias 493733DD-7733-493e-895e-83dd3372c68e"), "alias <uuid>");
  EXPECT_EQ(NormaliseMessage("200ea007-0ef3-45d6-9ef8-d99c800ef0d8-x").substr(0, 6), "<uuid>");
  EXPECT_EQ(NormaliseMessage("of 200ea007-0ef3-45d6-9ef8-d99c800ef0").find("<uuid>"),
            std::string::npos);
}

TEST(NormaliseMessage, KnowsTheLinesOfSpdk) {
  EXPECT_EQ(NormaliseMessage("[2026-11-22 08:51:33.320206] iobuf.c:  19:f: *ERROR*: Failed"),
            "iobuf.c:f: *ERROR*: Failed");
  EXPECT_EQ(NormaliseMessage("[2026-11-22 08:51:33.320206] iobuf.c:1019:f: *ERROR*: Failed"),
            "iobuf.c:f: *ERROR*: Failed");
  EXPECT_EQ(NormaliseMessage("[ DPDK EAL parameters"), "[ DPDK EAL parameters");
  EXPECT_EQ(NormaliseMessage("[12"), "[<n>");
}

TEST(NormaliseMessage, KeepsWhatMakesTheMessage) {
  EXPECT_EQ(NormaliseMessage("Assertion `rc == false && a / b' failed."),
            "Assertion `rc == false && a / b' failed.");
  EXPECT_EQ(NormaliseMessage("nvme0 on lcore_1"), "nvme# on lcore_#");
  EXPECT_EQ(NormaliseMessage("error: deadbeat"), "error: deadbeat");
  EXPECT_EQ(NormaliseMessage("a::b"), "a::b");
  EXPECT_EQ(NormaliseMessage("status: 5"), "status: <n>");
}

TEST(NormaliseMessage, DropsWhatALoggerPutsInFront) {
  EXPECT_EQ(NormaliseMessage("2026-01-02T20:21:22Z|00012|dpdk|EMER|Cannot init"),
            NormaliseMessage("2026-01-03T04:05:06Z|00317|dpdk|EMER|Cannot init"));
  EXPECT_EQ(NormaliseMessage("2026-01-02T20:21:22Z|00012|dpdk|EMER|Cannot init"),
            "dpdk|EMER|Cannot init");
  EXPECT_EQ(NormaliseMessage("Jan  2 20:21:22 host7 prog[4711]: cannot#012open"),
            "prog[<n>]: cannot open");
}

// A forced failure brings the errno that the catalogue or the scenario chose.
TEST(NormaliseMessage, ForgetsWhichErrorItWas) {
  const std::string message = NormaliseMessage("cannot map: Cannot allocate memory (ENOMEM)");
  EXPECT_EQ(message, "cannot map: <errno> (<errno>)");
  EXPECT_EQ(NormaliseMessage("cannot map: Input/output error (EIO)"), message);
  EXPECT_EQ(NormaliseMessage("No such file or directory"), "<errno>");
  EXPECT_EQ(NormaliseMessage("EAL: Invalid arguments, ERROR"), "EAL: Invalid arguments, ERROR")
      << "words of its own";
}

TEST(NormaliseMessage, IsTheSameWhenDoneTwice) {
  for (const char* text : {"nvme0: ENOMEM at 0x1234 [7] /a/b.c:12", "12:13:14 E 7 x.c:3] no",
                           "deadbeef01 #012 <n> cannot"}) {
    const std::string once = NormaliseMessage(text);
    EXPECT_EQ(NormaliseMessage(once), once) << text;
  }
}

TEST(NormaliseMessage, MakesOneBlankOfManyAndOfControlCharacters) {
  EXPECT_EQ(NormaliseMessage("  a \t\x1b b\r\n"), "a b");
  EXPECT_EQ(NormaliseMessage(""), "");
}

Frame At(const std::string& function, const std::string& file, int line,
         const std::string& module = "target") {
  return {function, file, line, module, 0x10};
}

const Stack kUnregisterStack = {
    At("__pthread_kill_implementation", "", 0, "libc.so.6"),
    At("abort", "", 0, "libc.so.6"),
    At("__assert_fail", "", 0, "libc.so.6"),
    At("spdk_io_device_unregister", "/src/lib/thread/thread.c", 2224),
    At("spdk_iobuf_finish", "/src/lib/thread/iobuf.c", 170),
    At("iobuf_subsystem_finish", "/src/module/iobuf/iobuf.c", 30),
    At("main", "/src/app/main.c", 3),
};

TEST(Blame, HasNoneOfOurFrames) {
  const Stack stack = {At("__assert_fail", "", 0, "libc.so.6"), At("create", "pool.c", 7),
                       At("faultline_stub", "stub.S", 141, "libfaultline_agent.so"),
                       At("main", "main.c", 9)};
  const Stack blamed = BlamedStack(stack);
  ASSERT_EQ(blamed.size(), 2u);
  EXPECT_EQ(blamed[0].function, "create");
  EXPECT_EQ(blamed[1].function, "main");
}

TEST(Blame, SkipsLibcAndTheMachineryThatEndsAProcess) {
  EXPECT_EQ(BlamedStack(kUnregisterStack).front().function, "spdk_io_device_unregister");
  EXPECT_THAT(BlamedFunctions(kUnregisterStack),
              ElementsAre("spdk_io_device_unregister", "spdk_iobuf_finish"));
}

TEST(Blame, KnowsTheMachineryOfStaticProgramsByName) {
  const Stack stack = {At("raise", "", 0), At("abort", "", 0), At("rte_eal_init", "eal.c", 99)};
  EXPECT_EQ(BlamedStack(stack).front().function, "rte_eal_init");
}

TEST(Blame, IsNotOfAHelperThatOnlyAborts) {
  Stack stack = {At("abort", "", 0, "libc.so.6"), At("die_in_style", "die.c", 9),
                 At("__rte_panic", "eal.c", 9), At("rte_eal_init", "eal.c", 99),
                 At("never_back", "main.c", 3)};
  EXPECT_EQ(StackThatAborted(stack, {"__rte_panic"}).front().function, "die_in_style");
  stack[1].ends_process = true;
  EXPECT_EQ(StackThatAborted(stack, {"__rte_panic"}).front().function, "rte_eal_init");
  EXPECT_EQ(BlamedStack(stack).front().function, "die_in_style") << "it may crash like any other";
  stack[4].ends_process = true;
  EXPECT_EQ(StackThatAborted(stack, {"__rte_panic"}).size(), 2u) << "an event loop called it";
  EXPECT_EQ(StackThatAborted({stack[0], stack[1]}, {}).front().function, "die_in_style")
      << "there is nobody else";
}

TEST(Blame, IsNotOfTheStandardLibraryOfCxx) {
  const Stack stack = {At("std::string::assign", "/usr/include/c++/12/bits/basic_string.h", 9),
                       At("__gnu_cxx::new_allocator<char>::allocate", "new_allocator.h", 9),
                       At("app::Pool::Name", "pool.cc", 99), At("main", "main.cc", 3)};
  EXPECT_THAT(BlamedFunctions(stack), ElementsAre("app::Pool::Name", "main"));
}

TEST(Blame, KeepsTheNamespaceAndFoldsTemplateArguments) {
  EXPECT_EQ(FoldTemplates("a::Pool<std::pair<int, b::C>, 7>::Grow<x>"), "a::Pool<>::Grow<>");
  EXPECT_EQ(FoldTemplates("a::operator<< <int>"), "a::operator<< <>");
  EXPECT_EQ(FoldTemplates("a::operator->"), "a::operator->");
  EXPECT_EQ(FoldTemplates("plain_c"), "plain_c");
  EXPECT_THAT(BlamedFunctions({At("(anonymous namespace)::F<int>", "f.cc", 1)}),
              ElementsAre("(anonymous namespace)::F<>"));
}

TEST(Blame, SkipsTheAgentAndItsTrampolines) {
  const Stack stack = {At("", "", 0, ""), At("Handle", "stub.cc", 3, "libfaultline_agent.so"),
                       At("f", "f.c", 4)};
  EXPECT_EQ(BlamedStack(stack).front().function, "f");
}

TEST(Blame, AStackOfNothingButMachineryIsKeptAsItIs) {
  const Stack stack = {At("abort", "", 0, "libc.so.6")};
  EXPECT_EQ(BlamedStack(stack).size(), 1u);
  EXPECT_THAT(BlamedFunctions(stack), IsEmpty());
  EXPECT_THAT(BlamedStack({}), IsEmpty());
}

TEST(Signature, IsTheSameWhenOnlyLinesAddressesAndInlinedHelpersDiffer) {
  Stack other_build = kUnregisterStack;
  other_build[3].line = 2300;
  other_build[3].offset = 0x999;
  other_build.insert(other_build.begin() + 4, At("helper", "/src/lib/thread/thread.c", 1));
  EXPECT_EQ(MakeSignature("crash", "io_device 0x1 not found", kUnregisterStack),
            MakeSignature("crash", "io_device 0x2 not found", other_build));
  EXPECT_EQ(MakeSignature("crash", "io_device 0x1 not found", kUnregisterStack),
            "crash: io_device <address> not found @ spdk_io_device_unregister < spdk_iobuf_finish");
}

TEST(Signature, DiffersWithKindMessageAndCaller) {
  Stack other_caller = kUnregisterStack;
  other_caller[4] = At("accel_finish", "/src/lib/accel/accel.c", 4);
  const std::string signature = MakeSignature("crash", "m", kUnregisterStack);
  EXPECT_NE(signature, MakeSignature("crash", "m", other_caller));
  EXPECT_NE(signature, MakeSignature("crash", "n", kUnregisterStack));
  EXPECT_NE(signature, MakeSignature("hang", "m", kUnregisterStack));
}

TEST(Signature, TakesTheNearestCallerWhenNoFileIsKnown) {
  const Stack stack = {At("f", "", 0), At("g", "", 0), At("h", "", 0)};
  EXPECT_EQ(MakeSignature("crash", "m", stack), "crash: m @ f < g");
}

}  // namespace
}  // namespace faultline
