#include "harness/scenario/inherit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_profile.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::TempDir;

constexpr char kInherited[] = R"yaml(faultline: 1
program: prog
args: [--no-pci, --vdev=net_null0, --vdev=net_null1, [-r, sock], -m, "64"]
app_args: [--, -i]
required_args: [--no-pci]
environment: {A: "1", B: "2"}
catalogues: [one]
log_patterns: [{kind: crash, pattern: first}, {kind: crash, pattern: second}]
)yaml";

constexpr char kInheritedCatalogue[] = R"yaml(faultline: 1
kind: leaf
module: libx.so
wrappers: [w1, w2]
benign: [{point: one/a, why: known}, {point: one/b, why: known}]
points:
  one/a: {symbols: a, fails: {result: -1}, fails_when: "always"}
  one/b: {symbols: b, fails: {result: -1}, fails_when: "always"}
)yaml";

class InheritTest : public ::testing::Test {
 protected:
  InheritTest() {
    dir_.Write("profiles/parent.yaml", kInherited);
    dir_.Write("catalogue/one.yaml", kInheritedCatalogue);
  }
  Profile Child(const std::string& text, const std::string& name = "child") {
    diagnostics_ = {};
    dir_.Write("profiles/" + name + ".yaml", "faultline: 1\n" + text);
    return LoadProfile(dir_.path(), name, {}, diagnostics_);
  }
  Catalogue ChildCatalogue(const std::string& text) {
    diagnostics_ = {};
    dir_.Write("catalogue/two.yaml", "faultline: 1\n" + text);
    return LoadCatalogue(dir_.path(), {"two"}, diagnostics_);
  }
  std::string Told() const { return diagnostics_.ToString(); }

  const TempDir dir_;
  Diagnostics diagnostics_;
};

TEST_F(InheritTest, AppendsAndTakesAway) {
  const Profile profile =
      Child("extends: parent\nargs-: [--vdev=net_null1, -r]\nargs+: [--vdev=net_null2]\n");
  EXPECT_EQ(Told(), "");
  EXPECT_THAT(profile.args,
              ElementsAre("--no-pci", "--vdev=net_null0", "-m", "64", "--vdev=net_null2"));
  EXPECT_THAT(profile.app_args, ElementsAre("--", "-i"));
}

TEST_F(InheritTest, AnOptionIsTakenAwayWithAllItsValues) {
  EXPECT_THAT(Child("extends: parent\nargs-: --vdev\n").args,
              ElementsAre("--no-pci", "-r", "sock", "-m", "64"));
  EXPECT_EQ(Told(), "");
}

TEST_F(InheritTest, MapsAreJoinedByNameWithAPlus) {
  EXPECT_THAT(Child("extends: parent\nenvironment+: {B: \"3\", C: \"4\"}\n").environment,
              ElementsAre(Pair("A", "1"), Pair("B", "3"), Pair("C", "4")));
  EXPECT_THAT(Child("extends: parent\nenvironment-: [A]\n").environment,
              ElementsAre(Pair("B", "2")));
  EXPECT_THAT(Child("extends: parent\nenvironment: {C: \"4\"}\n").environment,
              ElementsAre(Pair("C", "4")));
  EXPECT_EQ(Told(), "");
}

TEST_F(InheritTest, PatternsAreKnownByTheirText) {
  const Profile profile = Child("extends: parent\nlog_patterns-: [first]\n");
  ASSERT_EQ(profile.log_patterns.size(), 1u);
  EXPECT_EQ(profile.log_patterns[0].pattern, "second");
}

TEST_F(InheritTest, ProfilesExtendEachOtherInAChain) {
  Child("extends: parent\nargs+: [--x]\n");
  const Profile profile = Child("extends: child\nargs+: [--y]\nprogram: other\n", "grandchild");
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(profile.program, "other");
  EXPECT_THAT(profile.args.back(), "--y");
  EXPECT_THAT(profile.args, ::testing::Contains("--x"));
}

TEST_F(InheritTest, AProfileExtendsOneOfItsOwnNameFurtherOn) {
  const TempDir mine;
  mine.Write("profiles/parent.yaml", "faultline: 1\nextends: parent\nargs+: [--mine]\n");
  const Profile profile =
      LoadProfile(DataPath({mine.path(), dir_.path()}), "parent", {}, diagnostics_);
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(profile.program, "prog");
  EXPECT_EQ(profile.args.back(), "--mine");
}

TEST_F(InheritTest, WhatIsWrongIsToldAtItsPlace) {
  Child("extends: parent\nargs-: [--vdve=net_null0]\n");
  EXPECT_THAT(Told(), HasSubstr("child.yaml:3:9: `args-` takes away `--vdve=net_null0`, which is "
                                "not inherited; did you mean `--vdev=net_null0`?"));
  Child("extends: parent\nargs: [--no-pci]\nargs+: [--x]\n");
  EXPECT_THAT(Told(), HasSubstr("child.yaml:4:1: `args+` changes the inherited list, and `args` "
                                "replaces it; expected one of the two"));
  Child("args+: [--x]\n");
  EXPECT_THAT(Told(), HasSubstr("child.yaml:2:1: `args+` needs `extends`"));
  Child("extends: parent\nagrs+: [--x]\n");
  EXPECT_THAT(Told(), HasSubstr("child.yaml:3:1: unknown key `agrs+`"));
  Child("extends: parent\nenvironment+: [A]\n");
  EXPECT_THAT(Told(), HasSubstr("`environment+` is a list; expected a map"));
  Child("extends: parnet\n");
  EXPECT_THAT(Told(), HasSubstr("did you mean `parent`?"));
  Child("extends: ../profiles/child.yaml\n");
  EXPECT_THAT(Told(), HasSubstr("extends itself"));
  Child("extends: parent\nargs-: [--no-pci]\n");
  EXPECT_THAT(Told(), HasSubstr("`--no-pci` is required but does not stand in `args`"));
}

TEST_F(InheritTest, ACatalogueAddsToAnother) {
  const Catalogue catalogue = ChildCatalogue(
      "extends: one\npoints:\n  one/b: {symbols: bb, kind: derived, fails: {result: 0}}\n"
      "  two/c: {symbols: c, fails: {result: -1}}\nwrappers+: [w3]\n");
  EXPECT_EQ(Told(), "");
  ASSERT_EQ(catalogue.points.size(), 3u);
  EXPECT_THAT(catalogue.FindPoint("one/b")->symbols, ElementsAre("bb"));
  // What the parent says of all its points holds for those, and for no others.
  EXPECT_EQ(catalogue.FindPoint("one/a")->kind, FaultPoint::Kind::kLeaf);
  EXPECT_EQ(catalogue.FindPoint("one/a")->module, "libx.so");
  EXPECT_EQ(catalogue.FindPoint("two/c")->kind, FaultPoint::Kind::kDerived);
  EXPECT_EQ(catalogue.FindPoint("two/c")->module, "");
  EXPECT_THAT(catalogue.wrappers, ElementsAre("w1", "w2", "w3"));
}

TEST_F(InheritTest, ACatalogueTakesAwayFromAnother) {
  const Catalogue catalogue =
      ChildCatalogue("extends: one\npoints-: [one/b]\nbenign-: [one/b]\nwrappers-: [w1]\n");
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(catalogue.FindPoint("one/b"), nullptr);
  EXPECT_EQ(catalogue.benign.size(), 1u);
  EXPECT_THAT(catalogue.wrappers, ElementsAre("w2"));
  EXPECT_THAT(ChildCatalogue("extends: one\npoints-: [one/*]\nbenign-: [one/a, one/b]\n").points,
              IsEmpty());
  EXPECT_EQ(Told(), "");
  ChildCatalogue("extends: one\npoints-: [one/bb]\n");
  EXPECT_THAT(Told(), HasSubstr("two.yaml:3:11: `points-` takes away `one/bb`, which is not "
                                "inherited; did you mean `one/b`?"));
}

}  // namespace
}  // namespace faultline
