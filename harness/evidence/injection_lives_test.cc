#include "harness/evidence/injection_lives.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using ::testing::ElementsAre;

Injection OfThread(int tid, int64_t time_ms) {
  Injection injection;
  injection.fault = "table";
  injection.site = 7;
  injection.tid = tid;
  injection.time_ms = time_ms;
  return injection;
}

TEST(InjectionLivesTest, ARunOfOneLifeNamesNone) {
  Evidence run;
  run.injections = {OfThread(1, 3)};
  EXPECT_THAT(LivesOfInjections(run), ElementsAre(0));
}

TEST(InjectionLivesTest, AHitIsOfTheLifeThatHasItsThread) {
  Evidence run;
  run.lives.resize(3);
  run.lives[0].injections = {OfThread(1, 3)};
  run.lives[2].injections = {OfThread(5, 4), OfThread(5, 6)};
  run.injections = {OfThread(1, 3), OfThread(5, 904), OfThread(5, 906)};
  EXPECT_THAT(LivesOfInjections(run), ElementsAre(1, 3, 3));
}

TEST(InjectionLivesTest, OfSeveralTargetsEachHasLivesOfItsOwn) {
  Evidence run;
  run.targets.resize(2);
  run.targets[1].lives.resize(2);
  run.targets[0].injections = {OfThread(9, 1)};
  run.targets[1].lives[1].injections = {OfThread(2, 1)};
  run.injections = {OfThread(9, 1), OfThread(2, 7)};
  EXPECT_THAT(LivesOfInjections(run), ElementsAre(0, 2));
}

}  // namespace
}  // namespace faultline
