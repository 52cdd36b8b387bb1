#include "harness/sweep/impossible_sites.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ImpossibleSites, AreThereForTheNextSweepOfTheSameBuild) {
  const testkit::TemporaryDirectory cache;
  const ImpossibleSites sites(cache.path(), "build-1");
  EXPECT_THAT(sites.Load(), IsEmpty());
  sites.Add({{"aa", "why"}});
  sites.Add({{"bb", "why not"}});
  EXPECT_THAT(ImpossibleSites(cache.path(), "build-1").Load(),
              ElementsAre(Pair("aa", "why"), Pair("bb", "why not")));
  EXPECT_THAT(ImpossibleSites(cache.path(), "build-2").Load(), IsEmpty());
}

TEST(ImpossibleSites, WithoutACacheNothingIsKept) {
  const ImpossibleSites none("", "build-1");
  none.Add({{"aa", "why"}});
  EXPECT_THAT(none.Load(), IsEmpty());
}

TEST(ImpossibleSites, ADamagedFileOrOneOfAnotherVersionIsAsIfItWereNotThere) {
  const testkit::TemporaryDirectory cache;
  const ImpossibleSites sites(cache.path(), "build-1");
  const std::filesystem::path file = cache.path() / "impossible" / "build-1.json";
  for (const char* content : {"{", "[]", "{\"version\": 99, \"sites\": {\"aa\": \"why\"}}",
                              "{\"version\": 1, \"sites\": [\"aa\"]}", ""}) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
    EXPECT_THAT(sites.Load(), IsEmpty()) << content;
  }
  sites.Add({{"bb", "why"}});
  EXPECT_THAT(sites.Load(), ElementsAre(Pair("bb", "why")));
}

TEST(ImpossibleSitesKey, ChangesWithTheScenarioAndWithThePointsThatCanFail) {
  Scenario scenario;
  Profile profile;
  Catalogue catalogue;
  catalogue.points.emplace_back().name = "a/b/c";
  const auto key = [&] {
    return ImpossibleSitesKey("/bin/true", scenario, profile, catalogue, "");
  };
  const std::string before = key();
  EXPECT_EQ(key(), before);
  catalogue.points.emplace_back().name = "a/b/d";
  const std::string one_more = key();
  EXPECT_NE(one_more, before);
  catalogue.points.back().kind = FaultPoint::Kind::kLeaf;
  EXPECT_NE(key(), one_more);
  catalogue.points.pop_back();
  EXPECT_EQ(key(), before);
  scenario.extra_args = {"--other"};
  EXPECT_NE(key(), before);
}

TEST(NeverFails, IsTrueOfACallByOneOfTheFunctionsThatTheCatalogueNames) {
  Catalogue catalogue;
  catalogue.cannot_fail.push_back({"ring/put", {"give_back", "fini"}, "it has room", {}});
  const auto never = [&](const char* point, const char* place) {
    StoredSite site;
    site.point = point;
    site.place = place;
    return NeverFails(site, catalogue) != nullptr;
  };
  EXPECT_TRUE(never("ring/put", "fini < main"));
  EXPECT_TRUE(never("ring/put", "give_back"));
  EXPECT_FALSE(never("ring/put", "give_back_all < main"));
  EXPECT_FALSE(never("ring/put", "post < give_back < main"));  // another ring, perhaps
  EXPECT_FALSE(never("ring/get", "fini < main"));
}

}  // namespace
}  // namespace faultline
