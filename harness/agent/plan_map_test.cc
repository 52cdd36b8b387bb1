#include "harness/agent/plan_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "harness/agent/testing/plan_builder.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline::agent {
namespace {

using namespace protocol;
using testing::HasSubstr;
using testing::IsNull;

// What the agent says to the sound plan after `damage`.
const char* AfterDamage(const std::function<void(PlanHeader&, std::byte*)>& damage) {
  static std::vector<std::byte> bytes;
  bytes = SoundPlan();
  damage(*reinterpret_cast<PlanHeader*>(bytes.data()), bytes.data());
  return CheckPlan(bytes.data(), bytes.size());
}

// The first element of one of the header's arrays, for damaging.
template <typename T>
T& First(const Array<T>& array, std::byte* base) {
  return *reinterpret_cast<T*>(base + array.offset);
}

TEST(PlanMapTest, AcceptsASoundPlan) {
  EXPECT_THAT(AfterDamage([](PlanHeader&, std::byte*) {}), IsNull());
}

TEST(PlanMapTest, RefusesForeignOrCutFiles) {
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.magic = 1; }), HasSubstr("magic"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.version = 99; }), HasSubstr("version"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.file_size += 8; }), HasSubstr("cut off"));
  EXPECT_THAT(CheckPlan("short", 5), HasSubstr("too short"));
}

TEST(PlanMapTest, RefusesTablesOutsideTheFile) {
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.hooks.count = 1u << 20; }),
              HasSubstr("table"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.points.offset = 0xfffffff0; }),
              HasSubstr("table"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.modules.offset += 1; }), HasSubstr("table"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.journal_path.size = 1u << 30; }),
              HasSubstr("header"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.site_depth = 33; }), HasSubstr("header"));
  EXPECT_THAT(AfterDamage([](auto& plan, auto*) { plan.site_depth = 0; }), HasSubstr("header"));
}

TEST(PlanMapTest, RefusesEveryReferenceThatLeadsNowhere) {
  auto hook = [](auto change) {
    return AfterDamage([=](PlanHeader& plan, std::byte* base) { change(First(plan.hooks, base)); });
  };
  EXPECT_THAT(hook([](PlanHook& h) { h.module = 1; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.observer = 1; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.displaced = 4; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.displaced = 33; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.original_size = 33; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.trampoline.count = 0; }), HasSubstr("hooks"));
  EXPECT_THAT(hook([](PlanHook& h) { h.points.count = 1u << 30; }), HasSubstr("hooks"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.hooks, base).points, base) = 7;
              }),
              HasSubstr("hooks"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.hooks, base).fixups, base).position = 10;
              }),
              HasSubstr("hooks"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(plan.points, base).error_variable = 0;
              }),
              HasSubstr("points"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.points, base).conditions, base).argument = kLastArgument + 1;
              }),
              HasSubstr("points"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.points, base).conditions, base).width = 3;
              }),
              HasSubstr("points"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                PlanCondition& condition = First(First(plan.points, base).conditions, base);
                condition.kind = PlanCondition::kAboveArgument;
                condition.value = kLastArgument + 1;
              }),
              HasSubstr("points"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.points, base).replacements, base).argument = 6;
              }),
              HasSubstr("points"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(First(plan.points, base).replacements, base).text.offset = 1u << 30;
              }),
              HasSubstr("points"));
  EXPECT_THAT(
      AfterDamage([](PlanHeader& plan, std::byte* base) { First(plan.rules, base).point = 1; }),
      HasSubstr("rules"));
  EXPECT_THAT(
      AfterDamage([](PlanHeader& plan, std::byte* base) { First(plan.rules, base).step = 0; }),
      HasSubstr("rules"));
  EXPECT_THAT(AfterDamage([](PlanHeader& plan, std::byte* base) {
                First(plan.observers, base).stack_words = 33;
              }),
              HasSubstr("observers"));
  EXPECT_THAT(
      AfterDamage([](PlanHeader& plan, std::byte* base) { First(plan.observers, base).key = 6; }),
      HasSubstr("observers"));
  EXPECT_THAT(
      AfterDamage([](PlanHeader& plan, std::byte* base) { First(plan.wrappers, base).module = 1; }),
      HasSubstr("wrappers"));
}

TEST(PlanMapTest, TellsTheJournalOfAPlanOfAnotherVersion) {
  const testkit::TemporaryDirectory directory;
  const std::string path = directory.path() / "plan";
  std::vector<std::byte> bytes = SoundPlan();
  reinterpret_cast<PlanHeader*>(bytes.data())->version = 99;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  const MappedPlan plan = MapPlan(path.c_str());
  EXPECT_EQ(plan.header, nullptr);
  EXPECT_THAT(plan.refusal, HasSubstr("version"));
  EXPECT_STREQ(plan.journal_path, "/run/journal");
}

TEST(PlanMapTest, SaysWhenThereIsNoPlan) {
  const MappedPlan plan = MapPlan("/nonexistent/plan");
  EXPECT_THAT(plan.refusal, HasSubstr("cannot be mapped"));
  EXPECT_EQ(plan.journal_path, nullptr);
}

}  // namespace
}  // namespace faultline::agent
