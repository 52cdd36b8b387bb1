#include "harness/sweep/scenario_writer.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <limits>

#include "harness/base/testing/temporary_directory.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_scenario.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ScenarioWriterTest : public ::testing::Test {
 protected:
  LoadedScenario Load(const std::string& text) {
    const std::filesystem::path file = directory_ / "s.yaml";
    std::ofstream(file) << text;
    LoadOptions options;
    options.data = std::filesystem::path(FAULTLINE_SOURCE_DIR) / "scenarios";
    return LoadScenario(file, options);
  }

  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
};

constexpr char kEverything[] = R"yaml(faultline: 1
summary: "all $$ kinds of steps"
profile: reference
variables: {defect: "", count: 17}
extra_args: [--wait-for-rpc, "${run_dir}/x"]
environment: {A: "b c", R: "${run_dir}"}
resources: {hugepages_mb: 4, run_dir: 64KiB, directories: {/dev/hugepages: 1MiB}}
limits: {start: 3s, rpc: 1500ms, stop: 2s}
prepare:
  - run: [mkdir, "${run_dir}/d"]
steps:
  - wait_ready
  - rpc: iobuf_set_options
    name: set
    within: 7s
    params:
      small_pool_count: ${count}
      text: "5"
      yes: true
      list: [1, -2.5, null]
    expect: [{result: {a: "1"}}, {error: {code: -32603, message: "no.*"}}, gone, no_answer, error]
  - arm: [one]
  - disarm: [one]
  - run: [ls, "${run_dir}"]
    expect_exit: 2
    even_if_gone: true
  - type: "hello\n"
  - expect_log: 'x\d+'
  - signal: SIGINT
  - wait_exit: [0, 3]
faults:
  - {id: one, point: dpdk/ring/create, site: 00000000000000ff, nth: 2}
  - {id: two, point: dpdk/ring/create, nth: 3.., after: one}
  - {id: three, point: libc/socket/bind, signal: SIGTERM}
  - {id: four, point: libc/socket/bind, rpc: stop, params: {now: [true]}}
  - {id: five, point: libc/socket/bind, drop_connection: true}
places:
  - {site: 00000000000000ff, point: dpdk/ring/create, place: "grow < $$main", index: 3}
)yaml";

TEST_F(ScenarioWriterTest, WhatIsWrittenReadsBackTheSame) {
  const LoadedScenario first = Load(kEverything);
  const std::string text = WriteScenario(first.scenario, "one\ntwo", first.places);
  EXPECT_THAT(text, ::testing::StartsWith("# one\n# two\nfaultline: 1\n"));
  const LoadedScenario second = Load(text);
  const Scenario& a = first.scenario;
  const Scenario& b = second.scenario;
  EXPECT_EQ(a.summary, b.summary);
  EXPECT_EQ(a.extra_args, b.extra_args);
  EXPECT_EQ(a.environment, b.environment);
  EXPECT_EQ(a.resources.hugepages_mb, b.resources.hugepages_mb);
  EXPECT_EQ(b.surroundings.run_dir, 64u << 10);
  EXPECT_THAT(b.surroundings.directories,
              ::testing::ElementsAre(::testing::Pair("/dev/hugepages", 1u << 20)));
  EXPECT_EQ(a.limits_ms.rpc, b.limits_ms.rpc);
  ASSERT_EQ(a.prepare.size(), b.prepare.size());
  EXPECT_EQ(a.prepare[0].argv, b.prepare[0].argv);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].action.index(), b.steps[i].action.index()) << i;
    EXPECT_EQ(a.steps[i].Title(), b.steps[i].Title());
    EXPECT_EQ(a.steps[i].limit_ms, b.steps[i].limit_ms);
    EXPECT_EQ(a.steps[i].even_if_gone, b.steps[i].even_if_gone);
  }
  const auto& call = std::get<RpcStep>(b.steps[1].action);
  EXPECT_EQ(call.params, std::get<RpcStep>(a.steps[1].action).params);
  EXPECT_EQ(call.params["small_pool_count"], 17);
  ASSERT_THAT(call.expect, SizeIs(5));
  EXPECT_EQ(call.expect[1].code, -32603);
  ASSERT_THAT(b.faults, SizeIs(5));
  EXPECT_EQ(b.faults[0].site, 0xffu);
  EXPECT_EQ(b.faults[0].first, 2u);
  EXPECT_EQ(b.faults[1].last, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(b.faults[1].after, "one");
  EXPECT_EQ(b.faults[2].action, Fault::Action::kSignal);
  EXPECT_EQ(b.faults[3].action, Fault::Action::kRpc);
  EXPECT_EQ(b.faults[3].rpc.method, "stop");
  EXPECT_EQ(b.faults[3].rpc.params, a.faults[3].rpc.params);
  EXPECT_EQ(b.faults[4].action, Fault::Action::kDropConnection);
  ASSERT_THAT(second.places, SizeIs(1));
  EXPECT_EQ(second.places[0].hash, "00000000000000ff");
  EXPECT_EQ(second.places[0].point, "dpdk/ring/create");
  EXPECT_EQ(second.places[0].place, "grow < $main");
  EXPECT_EQ(second.places[0].index, 3);
}

constexpr char kLives[] = R"yaml(faultline: 1
summary: what a run is besides its steps
profile: reference
network: host
repeat: 3
companions:
  - name: helper
    run: [sleep, "9"]
    ready: {port: "${free_port}"}
    within: 2s
    environment: {A: b}
    may_end: [0, 1]
steps:
  - rpc: bdev_get_bdevs
    name: asked
    no_wait: true
  - answer_to: asked
    expect: {result: [], where: {.: {length: {at_least: 1}}, 0.size: {above: 3, matches: "^4"}, 1: {absent: true}}}
    save: {uuid: 0.uuid}
  - rpc: bdev_delete
    params:
      name: "${uuid}"
      port: ${free_port}
      list: [1, a]
    until: {where: {.: true}}
    connection: other
    tolerance: may_fail_cleanly
  - pipeline: [{rpc: a, expect: error}, {rpc: b, params: {c: "$$d"}}]
    connection: other
  - raw: "half \"\x07 $${"
    expect: [error, gone]
  - disconnect: other
  - wait: 20ms
    reason: because
  - expect_absent: ["a*", "${huge_dir}/b"]
  - expect_no_log: 'x\d'
  - expect_open_files: {at_most: 20}
    matching: ^socket
  - for_each: [a, b]
    steps: [{run: ["${item}"], expect_exit: [0, 3]}]
  - restart: SIGKILL
  - restart
  - start_companion: helper
  - stop_companion: [helper]
faults:
  - {id: late, point: libc/socket/bind, delay: 20ms, life: 2}
  - {id: busy, point: libc/socket/bind, at_call: [{rpc: c}, {run: [ls]}]}
  - {id: held, point: libc/socket/bind, until_step: asked}
)yaml";

TEST_F(ScenarioWriterTest, LivesCompanionsAndHoldsReadBackTheSame) {
  const LoadedScenario first = Load(kLives);
  const std::string text = WriteScenario(first.scenario, "");
  const LoadedScenario second = Load(text);
  EXPECT_EQ(text, WriteScenario(second.scenario, ""));
  const Scenario& a = first.scenario;
  const Scenario& b = second.scenario;
  ASSERT_EQ(a.steps.size(), b.steps.size());
  EXPECT_EQ(b.cycles, 3);
  for (size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].action.index(), b.steps[i].action.index()) << i;
    EXPECT_EQ(a.steps[i].Title(), b.steps[i].Title());
    EXPECT_EQ(a.steps[i].tolerance, b.steps[i].tolerance);
  }
  const auto& until = std::get<RpcStep>(b.steps[2].action);
  EXPECT_EQ(until.params, std::get<RpcStep>(a.steps[2].action).params);
  EXPECT_EQ(until.params["port"], "\x1f${free_port}");  // a number in the run
  EXPECT_EQ(until.params["name"], "${uuid}");
  EXPECT_THAT(std::get<AnswerStep>(b.steps[1].action).expect.at(0).where, SizeIs(4));
  EXPECT_EQ(std::get<RawStep>(b.steps[4].action).bytes, std::get<RawStep>(a.steps[4].action).bytes);
  EXPECT_EQ(b.companions.at(0).may_end, a.companions.at(0).may_end);
  EXPECT_EQ(b.companions.at(0).ready.value, "${free_port}");
  EXPECT_EQ(b.network, Network::kHost);
  EXPECT_EQ(b.faults.at(0).delay_ms, 20);
  EXPECT_EQ(b.faults.at(0).life, 2);
  EXPECT_THAT(b.faults.at(1).at_call, SizeIs(2));
  EXPECT_EQ(b.faults.at(2).until_step, "asked");
}

TEST_F(ScenarioWriterTest, WritingAgainGivesTheSameText) {
  const std::string once = WriteScenario(Load(kEverything).scenario, "");
  EXPECT_EQ(once, WriteScenario(Load(once).scenario, ""));
}

}  // namespace
}  // namespace faultline
