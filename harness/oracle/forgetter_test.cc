#include "harness/oracle/forgetter.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/stack_recorder.h"

// Who forgets an object is read from stacks and from the code around them: those of this program.
namespace faultline {
namespace {

using ::testing::EndsWith;

// What the functions below have done so far.
class Recorder : public testkit::StackRecorder {
 public:
  [[gnu::always_inline]] void Make(uint64_t key) { Record("mempool/create", key); }
  [[gnu::always_inline]] void Release(uint64_t key) { Record("mempool/free", key); }

  // Of the object that was made first.
  Forgetter Find() {
    const std::vector<TrackedObject> tracked = TrackObjects(evidence, catalogue);
    Symbolizer symbolizer;
    return ForgetterFinder(evidence, tracked, FindWhoMet(evidence, catalogue), symbolizer)
        .Find(tracked.at(0));
  }
};

[[gnu::noinline]] void MakeOrFail(Recorder& run, uint64_t key, bool fails) {
  run.RecordOrFail("mempool/create", key, fails);
  NO_TAIL_CALL;
}

[[gnu::noinline]] void OpenBoth(Recorder& run) {
  MakeOrFail(run, 0x10, false);
  MakeOrFail(run, 0x11, true);
  NO_TAIL_CALL;
}

TEST(Forgetter, IsTheFunctionThatCalledBothAndNotItsCallee) {
  Recorder run;
  OpenBoth(run);
  NO_TAIL_CALL;
  const Forgetter found = run.Find();
  EXPECT_THAT(found.function, EndsWith("OpenBoth"));
  ASSERT_FALSE(found.at_failure.empty());
  EXPECT_THAT(found.at_failure[0].function, EndsWith("OpenBoth"));
  EXPECT_EQ(found.point, "point/of/any");
}

[[gnu::noinline]] void OpenEach(Recorder& run, uint64_t count, uint64_t fails_at) {
  for (uint64_t i = 0; i <= count; ++i) {
    MakeOrFail(run, 0x10 + i, i == fails_at);
    NO_TAIL_CALL;
  }
}

// The stacks of the calls that made and that failed are equal: MakeOrFail was left in between.
TEST(Forgetter, OfWhatALoopMakesIsTheLoopsFunction) {
  Recorder run;
  OpenEach(run, 1, 1);
  NO_TAIL_CALL;
  EXPECT_THAT(run.Find().function, EndsWith("OpenEach"));
}

// The memory of the second one fails, the ring of that is given back, that of the first is not.
[[gnu::noinline]] void MakePart(Recorder& run, uint64_t key, bool fails) {
  run.Make(key);
  NO_TAIL_CALL;
  if (fails) {
    run.Fail();
    run.Release(key);
  }
  NO_TAIL_CALL;
}

[[gnu::noinline]] void MakeParts(Recorder& run, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    MakePart(run, 0x10 + i, i + 1 == count);
    NO_TAIL_CALL;
  }
}

TEST(Forgetter, IsNotAMakerThatGivesItsOwnBack) {
  Recorder run;
  MakeParts(run, 2);
  NO_TAIL_CALL;
  EXPECT_THAT(run.Find().function, EndsWith("MakeParts"));
}

[[gnu::noinline]] void ForgetPart(Recorder& run, uint64_t key) {
  run.Make(key);
  NO_TAIL_CALL;
  run.Fail();
  NO_TAIL_CALL;
}

TEST(Forgetter, IsAMakerThatForgetsItsOwn) {
  Recorder run;
  ForgetPart(run, 0x10);
  NO_TAIL_CALL;
  EXPECT_THAT(run.Find().function, EndsWith("ForgetPart"));
}

[[gnu::noinline]] void LoopOfItsOwn(Recorder& run, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    run.Make(0x10 + i);
    NO_TAIL_CALL;
  }
  run.Fail();
  for (uint64_t i = 1; i < count; ++i) {
    run.Release(0x10 + i);
    NO_TAIL_CALL;
  }
}

TEST(Forgetter, IsAFunctionWhoseLoopGivesAllBackButTheFirst) {
  Recorder run;
  LoopOfItsOwn(run, 3);
  NO_TAIL_CALL;
  EXPECT_THAT(run.Find().function, EndsWith("LoopOfItsOwn"));
}

// ---- Who knows nothing of what was made

using Handler = void (*)(Recorder&);

[[gnu::noinline]] void MakeOne(Recorder& run) {
  run.Make(0x10);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void FailOne(Recorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void Dispatch(Recorder& run, const std::vector<Handler>& handlers) {
  for (const Handler handler : handlers) {
    handler(run);
    NO_TAIL_CALL;
  }
}

TEST(Forgetter, IsNoLoopThatCallsByPointers) {
  Recorder run;
  Dispatch(run, {MakeOne, FailOne});
  NO_TAIL_CALL;
  EXPECT_EQ(run.Find().function, "");
}

struct Chain {
  Recorder& run;
  size_t next = 0;
};

[[gnu::noinline]] void InitNext(Chain& chain);
[[gnu::noinline]] void InitFirst(Chain& chain) {
  chain.run.Make(0x10);
  InitNext(chain);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void InitSecond(Chain& chain) {
  chain.run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void InitNext(Chain& chain) {
  if (chain.next++ == 0) {
    InitFirst(chain);
  } else {
    InitSecond(chain);
  }
  NO_TAIL_CALL;
}

// InitFirst has long succeeded when it starts the next one.
TEST(Forgetter, IsNoLinkOfAChainThatStartsTheNext) {
  Recorder run;
  Chain chain{run};
  InitNext(chain);
  NO_TAIL_CALL;
  EXPECT_EQ(run.Find().function, "");
}

TEST(Forgetter, IsNobodyAcrossStepsThreadsAndSignals) {
  Recorder steps;
  steps.Make(0x10);
  steps.step = 1;
  steps.Fail();
  EXPECT_EQ(steps.Find().function, "");
  Recorder threads;
  threads.Make(0x10);
  threads.tid = 2;
  threads.Fail();
  EXPECT_EQ(threads.Find().function, "");
  Recorder signal;
  OpenBoth(signal);
  signal.evidence.injections[0].action = "signal SIGTERM";
  EXPECT_EQ(signal.Find().function, "");
}

[[gnu::noinline]] void CreateInFull(Recorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void FailThenMake(Recorder& run) {
  run.Fail();
  run.Make(0x10);
  NO_TAIL_CALL;
}

TEST(Forgetter, IsNobodyWhoMadeTheObjectAfterTheFailure) {
  Recorder run;
  FailThenMake(run);
  NO_TAIL_CALL;
  EXPECT_EQ(run.Find().function, "");
}

// A call that is observed is recorded when it returns: what fails inside of it comes first.
TEST(Forgetter, IsTheFunctionThatWasMakingTheObjectWhenACallInItFailed) {
  Recorder run;
  CreateInFull(run);
  NO_TAIL_CALL;
  std::vector<JournalStack>& stacks = run.evidence.journal.stacks;
  JournalStack creation = stacks.at(0);
  creation.frames.erase(creation.frames.begin());  // the creation's caller
  stacks.push_back(creation);
  run.Call("mempool/create", 0x10).stack = 1;
  EXPECT_THAT(run.Find().function, EndsWith("CreateInFull"));
}

// Registers a thing and has it looked at, which fails and which nobody is told of.
[[gnu::noinline]] void LookAt(Recorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] int RegisterAndLook(Recorder& run) {
  run.Make(0x10);
  LookAt(run);
  NO_TAIL_CALL;
  return 0;
}

TEST(Forgetter, IsNoFunctionThatReturnedSuccessAndWasToldNothing) {
  Recorder run;
  RegisterAndLook(run);
  NO_TAIL_CALL;
  EXPECT_THAT(run.Find().function, EndsWith("RegisterAndLook")) << "nothing was seen of it";
  run.Trace({0, 0});
  EXPECT_EQ(run.Find().function, "") << "it took no error path";
}

TEST(Forgetter, IsOneThatReturnedTheFailure) {
  Recorder run;
  RegisterAndLook(run);
  NO_TAIL_CALL;
  run.Trace({0, static_cast<uint64_t>(-12)});
  EXPECT_THAT(run.Find().function, EndsWith("RegisterAndLook"));
}

// It meets the failure itself and does without: what it forgets is its own.
[[gnu::noinline]] int DoWithout(Recorder& run) {
  run.Make(0x10);
  run.Fail();
  NO_TAIL_CALL;
  return 0;
}

TEST(Forgetter, IsOneThatMetTheFailureAndReturnedSuccess) {
  Recorder run;
  DoWithout(run);
  NO_TAIL_CALL;
  run.Trace({0});
  EXPECT_THAT(run.Find().function, EndsWith("DoWithout"));
}

}  // namespace
}  // namespace faultline
