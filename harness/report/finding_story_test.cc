#include "harness/report/finding_story.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "harness/report/site_story.h"
#include "harness/report/testing/golden.h"
#include "harness/report/testing/reported_sweep.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class StoredStoryTest : public testing::Test {
 protected:
  StoredStoryTest() : store_(file_.path(), Store::Mode::kCreate) {
    testkit::FillStore(store_, 12);
    digest_ = MakeDigest(store_, baseline_);
  }

  std::string Tell(size_t width, bool whole = false) const {
    return TellStoredFinding(
        digest_.findings[0], digest_,
        {.store_file = "s.db", .width = width, .color = false, .whole = whole, .source = {}});
  }
  std::string TellSiteOf(size_t index, size_t width) {
    std::vector<StoredRun> runs = store_.Runs(/*with_evidence=*/true);
    std::erase_if(runs,
                  [&](const StoredRun& run) { return run.site != digest_.sites[index].site.hash; });
    return TellSite(
        digest_.sites[index], runs, digest_,
        {.store_file = "s.db", .width = width, .color = false, .whole = false, .source = {}});
  }

  testkit::StoreFile file_;
  Store store_;
  Baseline baseline_;
  SweepDigest digest_;
};

TEST_F(StoredStoryTest, AFindingAt80And160Columns) {
  for (const size_t width : {80u, 160u}) {
    const std::string text = Tell(width);
    testkit::ExpectGolden(text, fmt::format("finding-{}.txt", width));
    testkit::ExpectFits(text, width);
  }
}

TEST_F(StoredStoryTest, ASiteAt80And160Columns) {
  for (const size_t width : {80u, 160u}) {
    const std::string text = TellSiteOf(0, width);
    testkit::ExpectGolden(text, fmt::format("site-{}.txt", width));
    testkit::ExpectFits(text, width);
  }
}

TEST_F(StoredStoryTest, HasAllThatTheStoreKnows) {
  EXPECT_THAT(
      Tell(100),
      AllOf(HasSubstr("What was injected\n  libc/memory/calloc in function0_0 < function0_1 failed "
                      "once, in step 2, at 6 ms\n"),
            HasSubstr("it said: <script>"), HasSubstr("Where it crashed\n  at blamed_0"),
            HasSubstr("Thread that died\n  at died_0"),
            HasSubstr("     5 ms  <script>document.title"),
            HasSubstr("confirmed: came again in 3 of 3 runs"),
            HasSubstr("0000000000000000  libc/memory/calloc in function0_0"),
            HasSubstr("never die of a signal"), HasSubstr("Reproducer\nfaultline: 1\n"),
            HasSubstr("faultline replay s.db f8f0a0db --gdb\n")));
}

TEST_F(StoredStoryTest, RepeatedLinesOfTheLogAreToldOnce) {
  nlohmann::json evidence = nlohmann::json::parse(digest_.findings[0].run.evidence);
  evidence["log"] = nlohmann::json::array({"a", "again", "again", "again", "b"});
  evidence.erase("log_ms");
  digest_.findings[0].run.evidence = evidence.dump();
  EXPECT_THAT(Tell(100), HasSubstr("  a\n  again\n  ... the same line x 3\n  b\n"));
}

TEST_F(StoredStoryTest, BytesOfAStoreThatAreNoEvidenceDoNoHarm) {
  for (const char* evidence : {"", "[]", "7", R"({"log": 7, "injections": {"a": 1}})",
                               R"({"log": [7, {}], "log_ms": "x", "injections": [7]})"}) {
    digest_.findings[0].run.evidence = evidence;
    EXPECT_THAT(Tell(80), HasSubstr("To run it again")) << evidence;
  }
}

TEST_F(StoredStoryTest, ASiteSaysWhatWasDoneAndWhatThatMeans) {
  EXPECT_THAT(TellSiteOf(3, 200),
              AllOf(HasSubstr("0000000000000003 libc/memory/calloc: clean error"),
                    HasSubstr("called 1 time by the fault-free run, first in step 1, in thread "
                              "reactor_0"),
                    HasSubstr("transient 0000000000000003#1: clean error"),
                    HasSubstr("gave up as it may"), HasSubstr("it ended with exit 0")));
  EXPECT_THAT(TellSiteOf(0, 200), HasSubstr("f8f0a0db crash: SIGSEGV"));
}

TEST_F(StoredStoryTest, AStepThatWasRefusedIsNotToldAsOneThatWentAsWritten) {
  EXPECT_THAT(TellSiteOf(4, 200), HasSubstr("each step went as the scenario says"));
  StoredRun run = testkit::ARun("persistent 0000000000000004#1", "tolerated");
  run.site = digest_.sites[4].site.hash;
  run.evidence = R"({"steps": [{"index": 4, "title": "snap", "detail": "got exit 1: ERROR"}]})";
  const std::string text =
      TellSite(digest_.sites[4], {run}, digest_,
               {.store_file = "s.db", .width = 200, .color = false, .whole = false, .source = {}});
  EXPECT_THAT(text, AllOf(HasSubstr("a step was refused with an error, as it may be then"),
                          HasSubstr("step 4 (snap) was refused: got exit 1: ERROR"),
                          Not(HasSubstr("went as the scenario says"))));
}

TEST_F(StoredStoryTest, ASiteThatWasNotVisitedSaysWhy) {
  EXPECT_THAT(TellSiteOf(11, 200), HasSubstr("the budget ended before"));
  digest_.sites[11].site.nested_in = "0000000000000003";
  EXPECT_THAT(TellSiteOf(11, 200), AllOf(HasSubstr("it is a part of site 0000000000000003"),
                                         HasSubstr(": clean error"), Not(HasSubstr("budget"))));
}

}  // namespace
}  // namespace faultline
