#include "harness/scenario/load_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::SmallDataDir;
using testing::TempDir;

class LoadCatalogueTest : public ::testing::Test {
 protected:
  const FaultPoint& Point(const std::string& name) const {
    const FaultPoint* point = catalogue_.FindPoint(name);
    EXPECT_NE(point, nullptr) << name;
    return *point;
  }
  const Observer& Named(const std::string& name) const {
    for (const Observer& observer : catalogue_.observers) {
      if (observer.name == name) {
        return observer;
      }
    }
    throw std::runtime_error("no observer " + name);
  }

  const Catalogue catalogue_ = LoadCatalogue(SmallDataDir(), {"small"});
};

TEST_F(LoadCatalogueTest, ReadsFailureValues) {
  EXPECT_EQ(Point("libc/memory/malloc").failure.result, 0);
  EXPECT_EQ(Point("libc/memory/malloc").failure.errno_value, ENOMEM);
  EXPECT_EQ(Point("hugepage/mmap").failure.result, -1);
  EXPECT_EQ(Point("hugepage/mmap").failure.errno_value, ENOMEM);
  EXPECT_EQ(Point("libc/thread/create").failure.result, EAGAIN);
  EXPECT_EQ(Point("spdk/thing").failure.result, -ENOMEM);
  EXPECT_EQ(Point("spdk/register").failure.result, 0);
  EXPECT_THAT(Point("dpdk/ring/create").failure.error_variables,
              ElementsAre(Pair("rte_errno", ENOMEM)));
}

TEST_F(LoadCatalogueTest, ReadsSymbolsAndModules) {
  EXPECT_THAT(Point("dpdk/ring/create").symbols,
              ElementsAre("rte_ring_create", "rte_ring_create_elem"));
  EXPECT_EQ(Point("dpdk/ring/create").module, "");
  EXPECT_EQ(Point("dpdk/ring/create").summary, "A ring");
  EXPECT_EQ(Point("hugepage/mmap").module, "libc.so");
  EXPECT_THAT(Point("hugepage/mmap").symbols, ElementsAre("mmap"));
  EXPECT_THAT(Point("hugepage/mmap").position.ToString(), HasSubstr("small.yaml:15:3"));
}

TEST_F(LoadCatalogueTest, ReadsWhyAPointFails) {
  using Kind = FaultPoint::Kind;
  EXPECT_EQ(Point("libc/thread/create").kind, Kind::kLeaf);
  EXPECT_EQ(Point("libc/thread/create").fails_when,
            "RLIMIT_NPROC is reached (pthread_create(3): EAGAIN)");
  EXPECT_EQ(Point("dpdk/mempool/dequeue").kind, Kind::kState);
  EXPECT_EQ(Point("dpdk/mempool/dequeue").fails_when, "the pool is empty");
  EXPECT_EQ(Point("spdk/thing").kind, Kind::kDerived) << "who says nothing promises nothing";
  EXPECT_EQ(Point("spdk/thing").fails_when, "");
  EXPECT_EQ(ToString(Kind::kLeaf) + ToString(Kind::kState) + ToString(Kind::kDerived),
            "leafstatederived");
}

TEST_F(LoadCatalogueTest, AFileMaySayTheKindOfAllItsPoints) {
  const TempDir dir;
  dir.Write("catalogue/one.yaml",
            "faultline: 1\nkind: leaf\npoints:\n"
            "  a/b: {symbols: f, fails: {result: 0}, fails_when: x}\n"
            "  a/c: {symbols: f, fails: {result: 0}, kind: derived}\n");
  dir.Write("catalogue/two.yaml",
            "faultline: 1\npoints:\n  a/d: {symbols: f, fails: {result: 0}}\n");
  const Catalogue both = LoadCatalogue(dir.path(), {"one", "two"});
  EXPECT_EQ(both.FindPoint("a/b")->kind, FaultPoint::Kind::kLeaf);
  EXPECT_EQ(both.FindPoint("a/c")->kind, FaultPoint::Kind::kDerived);
  EXPECT_EQ(both.FindPoint("a/d")->kind, FaultPoint::Kind::kDerived);
}

TEST_F(LoadCatalogueTest, ReadsConditions) {
  const std::vector<Condition>& when = Point("hugepage/mmap").when;
  ASSERT_EQ(when.size(), 2u);
  EXPECT_EQ(when[0].kind, Condition::Kind::kArgHasBits);
  EXPECT_EQ(when[0].argument, 3u);
  EXPECT_EQ(when[0].value, 0x40000u);
  EXPECT_EQ(when[1].kind, Condition::kDescriptorIs);
  EXPECT_EQ(when[1].argument, 4u);
  EXPECT_EQ(when[1].value, protocol::PlanDescriptor::kOnHugetlbfs);
}

TEST_F(LoadCatalogueTest, ReadsConditionsOfEverySubject) {
  using protocol::PlanDescriptor;
  const std::vector<Condition>& when = Point("libc/file/fgets").when;
  ASSERT_EQ(when.size(), 5u);
  EXPECT_EQ(when[0].kind, Condition::kStreamIs);
  EXPECT_EQ(when[0].value, protocol::PlanStream::kNeedsInput);
  EXPECT_EQ(when[1].source, Condition::kStreamArgument);
  EXPECT_EQ(when[1].value, PlanDescriptor::kOnDisk | PlanDescriptor::kOnTmpfs);
  EXPECT_EQ(when[2].kind, Condition::kAbove);
  EXPECT_EQ(when[2].width, 4u);
  EXPECT_EQ(static_cast<int64_t>(when[2].value), -1);
  EXPECT_EQ(when[3].source, Condition::kPointee);
  EXPECT_EQ(when[3].offset, 8u);
  EXPECT_NE(when[2].group, 0u);
  EXPECT_EQ(when[2].group, when[3].group);
  EXPECT_EQ(when[0].group, 0u);
  EXPECT_EQ(when[4].kind, Condition::kNotRoot);
}

TEST_F(LoadCatalogueTest, ReadsHowAFailureComesAbout) {
  const FaultPoint& fgets = Point("libc/file/fgets");
  ASSERT_EQ(fgets.instead.size(), 2u);
  EXPECT_EQ(fgets.instead[0].kind, Replacement::Kind::kPointee);
  EXPECT_EQ(fgets.instead[0].argument, 2);
  EXPECT_EQ(fgets.instead[0].offset, 112);
  EXPECT_EQ(fgets.instead[0].width, 4);
  EXPECT_EQ(fgets.instead[0].value, -1);
  EXPECT_EQ(fgets.instead[1].text, "here");
  EXPECT_EQ(fgets.held_by_another, 2);
  EXPECT_FALSE(fgets.after_call);
  EXPECT_TRUE(Point("libc/file/close").after_call);
}

TEST_F(LoadCatalogueTest, ReadsWhatACallIsAbout) {
  const TempDir dir;
  dir.Write("catalogue/files.yaml",
            "faultline: 1\n"
            "points:\n"
            "  a/write: {symbols: [w], fails: {result: -1}, file: {descriptor: 2}, writes: true}\n"
            "  a/flush: {symbols: [f], fails: {result: -1}, file: {stream: 0}, writes: true}\n"
            "  a/puts: {symbols: [p], fails: {result: -1}, file: stdout, writes: true}\n"
            "  a/poll: {symbols: [o], fails: {result: -1}, waits: true}\n");
  const Catalogue catalogue = LoadCatalogue(dir.path(), {"files"});
  const auto file = [&](const std::string& point) { return catalogue.FindPoint(point)->file; };
  ASSERT_TRUE(file("a/write") && file("a/flush") && file("a/puts"));
  EXPECT_EQ(file("a/write")->kind, FileArgument::Kind::kDescriptor);
  EXPECT_EQ(file("a/write")->argument, 2);
  EXPECT_EQ(file("a/flush")->kind, FileArgument::Kind::kStream);
  EXPECT_EQ(file("a/puts")->kind, FileArgument::Kind::kStdout);
  EXPECT_FALSE(file("a/poll"));
  EXPECT_TRUE(catalogue.FindPoint("a/write")->writes);
  EXPECT_FALSE(catalogue.FindPoint("a/write")->waits);
  EXPECT_TRUE(catalogue.FindPoint("a/poll")->waits);
}

TEST_F(LoadCatalogueTest, AFileIsADescriptorOrAStream) {
  const TempDir dir;
  for (const char* wrong : {"stdin", "{descriptor: 0, stream: 1}", "{fd: 0}", "{descriptor: 6}"}) {
    dir.Write("catalogue/files.yaml", std::string("faultline: 1\npoints:\n  a/b: {symbols: [w], "
                                                  "fails: {result: -1}, file: ") +
                                          wrong + "}\n");
    EXPECT_THROW(LoadCatalogue(dir.path(), {"files"}), Failure) << wrong;
  }
}

TEST_F(LoadCatalogueTest, ReadsCallPatterns) {
  ASSERT_EQ(catalogue_.benign.size(), 1u);
  const CallPattern& benign = catalogue_.benign[0];
  EXPECT_TRUE(benign.Covers("libc/thread/create"));
  EXPECT_FALSE(benign.Covers("libc/memory/malloc"));
  EXPECT_THAT(benign.callers, ElementsAre("name_thread"));
  EXPECT_EQ(benign.why, "a name is a comfort");
  ASSERT_EQ(catalogue_.cannot_fail.size(), 1u);
  EXPECT_THAT(catalogue_.cannot_fail[0].callers, ElementsAre("from_reserve", "from_pool"));
}

TEST_F(LoadCatalogueTest, ReadsObservers) {
  const Observer& reg = Named("device/register");
  EXPECT_EQ(reg.event, Observer::Event::kCreate);
  EXPECT_EQ(reg.registry, "device");
  EXPECT_EQ(reg.key_argument, 0);
  EXPECT_EQ(reg.label_argument, 4);
  EXPECT_TRUE(reg.wrap);
  EXPECT_EQ(reg.stack_words, 2);
  EXPECT_EQ(Named("device/made").key_argument, std::nullopt);
  EXPECT_EQ(Named("target/unwind").event, Observer::Event::kUnwind);
  EXPECT_TRUE(Named("poller/end").key_is_pointee);
  EXPECT_EQ(Named("poller/end").key_argument, 1);
  EXPECT_TRUE(Named("port/start").key_is_label);
  EXPECT_TRUE(Named("port/start").essential);
  EXPECT_FALSE(Named("device/made").essential);
  EXPECT_TRUE(Named("port/start").stop_waits);
  EXPECT_FALSE(Named("device/made").stop_waits);
  EXPECT_EQ(Named("port/start").success, Observer::Success::kResultZero);
  EXPECT_EQ(Named("channel/get").same_call_as, "device/get");
  EXPECT_TRUE(Named("channel/get").counted);
  EXPECT_EQ(Named("channel/get").key_argument, std::nullopt);
  EXPECT_EQ(Named("device/unregister").event, Observer::Event::kDestroy);
  EXPECT_THAT(Named("device/unregister").ignore_callers, ElementsAre("pending_unregister"));
  EXPECT_EQ(Named("log/error").event, Observer::Event::kErrorNote);
  EXPECT_EQ(Named("log/error").when[0].kind, Condition::Kind::kArgSignedAtMost);
}

TEST_F(LoadCatalogueTest, ReadsWrappersAndErrorVariables) {
  EXPECT_THAT(catalogue_.wrappers, ElementsAre("malloc", "operator new"));
  EXPECT_THAT(catalogue_.allocations, ElementsAre("dpdk/ring"));
  EXPECT_THAT(catalogue_.error_variables, ElementsAre(Pair("rte_errno", "per_lcore__rte_errno")));
}

TEST_F(LoadCatalogueTest, NamesAreUniqueOverAllFiles) {
  const TempDir dir;
  const char* text = "faultline: 1\npoints:\n  a/b: {symbols: f, fails: {result: 0}}\n";
  dir.Write("catalogue/one.yaml", text);
  dir.Write("catalogue/two.yaml", text);
  Diagnostics diagnostics;
  const Catalogue both = LoadCatalogue(dir.path(), {"one", "two"}, diagnostics);
  EXPECT_EQ(both.points.size(), 1u);
  EXPECT_THAT(diagnostics.ToString(), HasSubstr("two.yaml:3:3: point `a/b` is already at "));
}

TEST_F(LoadCatalogueTest, ErrorVariablesMayBeDeclaredInAnotherFile) {
  const TempDir dir;
  dir.Write("catalogue/user.yaml",
            "faultline: 1\npoints:\n  a/b: {symbols: f, fails: {result: 0, rte_errno: 5}}\n");
  dir.Write("catalogue/owner.yaml", "faultline: 1\nerror_variables: {rte_errno: x}\n");
  EXPECT_THAT(LoadCatalogue(dir.path(), {"user", "owner"}).points.size(), 1);
  EXPECT_THROW(LoadCatalogue(dir.path(), {"user"}), Failure);
}

TEST_F(LoadCatalogueTest, AnAllocationIsAGroupOfPoints) {
  const TempDir dir;
  dir.Write("catalogue/one.yaml",
            "faultline: 1\nallocations: [dpdk/rings]\n"
            "points:\n  dpdk/ring/create: {symbols: f, fails: {result: 0}}\n");
  Diagnostics diagnostics;
  LoadCatalogue(dir.path(), {"one"}, diagnostics);
  EXPECT_THAT(diagnostics.ToString(),
              HasSubstr("one.yaml:2:1: `allocations`: no fault point is of the group `dpdk/rings`; "
                        "did you mean `dpdk/ring`?"));
}

TEST_F(LoadCatalogueTest, UnknownCatalogueNamesTheNearest) {
  Diagnostics diagnostics;
  LoadCatalogue(SmallDataDir(), {"smal"}, diagnostics);
  EXPECT_THAT(diagnostics.ToString(), HasSubstr("unknown catalogue `smal`"));
  EXPECT_THAT(diagnostics.ToString(), HasSubstr("did you mean `small`?"));
}

}  // namespace
}  // namespace faultline
