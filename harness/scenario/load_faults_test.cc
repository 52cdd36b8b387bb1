#include "harness/scenario/load_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <limits>

#include "harness/scenario/testing/yaml.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using testing::Yaml;

constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

std::vector<Fault> Read(const std::string& list) {
  Yaml yaml("faults:\n" + list);
  ReadContext context = yaml.Context();
  MapReader map(*yaml.root, "a scenario", context);
  std::vector<Fault> faults = ReadFaults(map);
  EXPECT_EQ(yaml.diagnostics.ToString(), "");
  return faults;
}

Fault ReadOne(const std::string& settings) {
  return Read("  - {point: a/b, " + settings + "}\n").at(0);
}

TEST(CallRangeTest, ReadsWhatStraceReads) {
  const auto range = [](const char* text) {
    const CallRange parsed = ParseCallRange(text).value();
    return std::vector<uint64_t>{parsed.first, parsed.last, parsed.step};
  };
  EXPECT_THAT(range("3"), ElementsAre(3, 3, 1));
  EXPECT_THAT(range("2.."), ElementsAre(2, kForEver, 1));
  EXPECT_THAT(range("2..8"), ElementsAre(2, 8, 1));
  EXPECT_THAT(range("2..8+2"), ElementsAre(2, 8, 2));
  EXPECT_THAT(range("2..+3"), ElementsAre(2, kForEver, 3));
  EXPECT_THAT(range("2+3"), ElementsAre(2, kForEver, 3));
}

TEST(CallRangeTest, RefusesTheRest) {
  for (const char* text : {"", "0", "-1", "+1", "..", "..3", "3.", "3...5", "5..3", "1+0", "1..2+",
                           "1 ", "x", "99999999999999999999"}) {
    EXPECT_FALSE(ParseCallRange(text).has_value()) << text;
  }
}

TEST(LoadFaultsTest, AFaultHitsTheFirstCallUnlessSaidOtherwise) {
  const Fault fault = Read("  - point: dpdk/ring/create\n").at(0);
  EXPECT_EQ(fault.point, "dpdk/ring/create");
  EXPECT_EQ(fault.action, Fault::Action::kFail);
  EXPECT_EQ(fault.first, 1u);
  EXPECT_EQ(fault.last, 1u);
  EXPECT_TRUE(fault.armed_at_start);
  EXPECT_EQ(fault.position.ToString(), "text:2:5");
}

TEST(LoadFaultsTest, PersistentMeansFromThereOn) {
  EXPECT_EQ(ReadOne("mode: persistent").last, kForEver);
  const Fault fault = ReadOne("nth: 4, mode: persistent");
  EXPECT_EQ(fault.first, 4u);
  EXPECT_EQ(fault.last, kForEver);
  EXPECT_EQ(ReadOne("nth: 4, mode: once").last, 4u);
}

TEST(LoadFaultsTest, AProbabilityIsTakenAtEveryCall) {
  const Fault fault = ReadOne("probability: 0.25, seed: 7");
  EXPECT_EQ(fault.probability, 0.25);
  EXPECT_EQ(fault.seed, 7u);
  EXPECT_EQ(fault.last, kForEver);
  EXPECT_EQ(ReadOne("nth: 2..3, probability: 1").last, 3u);
}

TEST(LoadFaultsTest, ReadsWhere) {
  const Fault fault =
      ReadOne("site: 00000000deadBEEF, callers: [f, g], direct_caller: true, phase: before_main");
  EXPECT_EQ(fault.site, 0xdeadbeefu);
  EXPECT_THAT(fault.callers, ElementsAre("f", "g"));
  EXPECT_TRUE(fault.direct_caller);
  EXPECT_EQ(fault.phase, Fault::Phase::kBeforeMain);
}

TEST(LoadFaultsTest, AStepArmsTheFault) {
  const Fault fault = ReadOne("from_step: init");
  EXPECT_EQ(fault.from_step, "init");
  EXPECT_FALSE(fault.armed_at_start);
}

TEST(LoadFaultsTest, AFaultMayWaitForAnother) { EXPECT_EQ(ReadOne("after: first").after, "first"); }

TEST(LoadFaultsTest, ReadsTheEffect) {
  const Fault failing = ReadOne("result: -5, errno: EIO");
  EXPECT_EQ(failing.result, -5);
  EXPECT_EQ(failing.errno_value, EIO);
  const Fault signalling = ReadOne("signal: TERM");
  EXPECT_EQ(signalling.action, Fault::Action::kSignal);
  EXPECT_EQ(signalling.signal, SIGTERM);
}

TEST(LoadFaultsTest, TheHarnessMayActAtACall) {
  const Fault sending = ReadOne("rpc: stop, params: {now: true}");
  EXPECT_EQ(sending.action, Fault::Action::kRpc);
  EXPECT_EQ(sending.rpc.method, "stop");
  EXPECT_EQ(sending.rpc.params, nlohmann::json({{"now", true}}));
  EXPECT_EQ(ReadOne("rpc: stop").rpc.params, nullptr);
  EXPECT_EQ(ReadOne("drop_connection: true").action, Fault::Action::kDropConnection);
  EXPECT_EQ(ReadOne("drop_connection: false").action, Fault::Action::kFail);
}

TEST(LoadFaultsTest, IdsComeFromThePointAndAreUnique) {
  const std::vector<Fault> faults = Read(
      "  - point: dpdk/ring/create\n  - point: dpdk/ring/create\n"
      "  - {point: x, id: ring-create-2}\n  - point: spdk/malloc\n");
  EXPECT_EQ(faults.at(0).id, "ring-create-1");
  EXPECT_EQ(faults.at(1).id, "ring-create-3");
  EXPECT_EQ(faults.at(2).id, "ring-create-2");
  EXPECT_EQ(faults.at(3).id, "spdk-malloc-1");
}

TEST(LoadFaultsTest, RefusesMoreFaultsThanAPlanHolds) {
  std::string list;
  for (int i = 0; i < 257; ++i) {
    list += "  - {point: a/b}\n";
  }
  Yaml yaml("faults:\n" + list);
  ReadContext context = yaml.Context();
  MapReader map(*yaml.root, "a scenario", context);
  ReadFaults(map);
  EXPECT_EQ(yaml.diagnostics.ToString(), "text:2:3: 257 faults; expected at most 256");
}

}  // namespace
}  // namespace faultline
