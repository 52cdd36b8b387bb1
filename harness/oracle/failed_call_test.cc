#include "harness/oracle/failed_call.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using testkit::At;

Injection Failed(const std::string& action, const Stack& stack) {
  return {.fault = "one", .point = "libc/memory/calloc", .action = action, .stack = stack};
}

TEST(FirstFailure, IsNoSignal) {
  Evidence evidence;
  EXPECT_EQ(FirstFailure(evidence), nullptr);
  evidence.injections = {Failed("signal SIGTERM", {})};
  EXPECT_EQ(FirstFailure(evidence), nullptr) << "in signal modes nothing failed";
  evidence.injections.push_back(Failed("fail", {}));
  EXPECT_EQ(FirstFailure(evidence), &evidence.injections[1]);
}

MetFailure MetAt(const Stack& stack) {
  MetFailure met;
  met.stack = stack;
  return met;
}

TEST(FailureText, NamesWhoMetTheFailure) {
  const Injection failure =
      Failed("fail", {At("poller_register", "/src/thread.c"), At("group_create", "/src/group.c")});
  const MetFailure met = MetAt({At("group_create", "/src/group.c")});
  EXPECT_EQ(FunctionThatMet(met), "group_create");
  EXPECT_EQ(FailureText(failure, met), "libc/memory/calloc failed below group_create")
      << "there is no calloc in group_create";
  EXPECT_EQ(FailureText(failure, MetAt(failure.stack)),
            "libc/memory/calloc failed in poller_register");
  EXPECT_EQ(FailureText(failure, MetAt({At("", "", "lib.so")})), "libc/memory/calloc failed");
}

// Where in an interpreter a failure ends differs from run to run.
TEST(FailureText, OfAProgramThatIsInterpretedNamesTheLanguage) {
  const Injection failure = Failed("fail", {At("sock_accept", "/src/socketmodule.c")});
  for (const char* function : {"_PyEval_EvalFrame", "pymain_run_file_obj", "PyObject_Vectorcall",
                               "cfunction_vectorcall_FASTCALL"}) {
    EXPECT_EQ(FailureText(failure, MetAt({At(function, "/src/ceval.c")})),
              "libc/memory/calloc failed below Python code");
  }
  EXPECT_EQ(FailureText(failure, MetAt({At("sock_accept", "/src/socketmodule.c")})),
            "libc/memory/calloc failed in sock_accept");
}

TEST(IsWhereItFailed, OfWhoMetItAndOfThoseBelowAndOfNobodyElse) {
  const Frame device_free = At("device_free", "/src/thread.c");
  const Frame main = At("main", "/src/main.c");
  const Injection failure = Failed("fail", {At("send_msg", "/src/thread.c"), device_free, main});
  const MetFailure met = MetAt({device_free, main});
  EXPECT_TRUE(IsWhereItFailed("send_msg", failure, met));
  EXPECT_TRUE(IsWhereItFailed("device_free", failure, met));
  EXPECT_FALSE(IsWhereItFailed("main", failure, met));
  EXPECT_FALSE(IsWhereItFailed("pool_fini", failure, met));
  EXPECT_FALSE(IsWhereItFailed("send_msg", Failed("fail", {}), MetAt({})));
}

TEST(SignatureWithoutFault, LeavesOutTheFailedCallAlone) {
  EXPECT_EQ(SignatureWithoutFault("crash: SIGSEGV wild pointer; a call failed: calloc @ f < g"),
            "crash: SIGSEGV wild pointer");
  EXPECT_EQ(SignatureWithoutFault("hang: stop; after a failed call in bdev_init"), "hang: stop");
  EXPECT_EQ(SignatureWithoutFault("hang: start; still retrying dpdk/ring/create @ f < g"),
            "hang: start");
  EXPECT_EQ(SignatureWithoutFault("leak: heap is never released by anybody @ f < g; after a failed "
                                  "call in subsystem_stop"),
            "leak: heap is never released by anybody @ f < g");
  EXPECT_EQ(SignatureWithoutFault("crash: SIGSEGV @ f < g"), "crash: SIGSEGV @ f < g");
  EXPECT_EQ(SignatureWithoutFault("hang: stop; queue x is left"), "hang: stop; queue x is left");
}

}  // namespace
}  // namespace faultline
