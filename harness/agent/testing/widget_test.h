#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "harness/agent/testing/victim_run.h"

namespace faultline::agent {

inline constexpr uint32_t kVictim = 0;  // the plan's first module

inline std::vector<protocol::JournalRecord> RecordsOf(const VictimResult& result,
                                                      protocol::JournalRecord::Kind kind) {
  std::vector<protocol::JournalRecord> records;
  for (const protocol::JournalRecord& record : result.journal.records) {
    if (record.kind == kind) {
      records.push_back(record);
    }
  }
  return records;
}

inline protocol::PlanRule RuleFor(uint32_t point, uint64_t first, uint64_t last) {
  protocol::PlanRule rule;
  rule.point = point;
  rule.first = first;
  rule.last = last;
  return rule;
}

// A run with one point, "widget/make", on make_widget: fails with NULL and ENOMEM (12).
class WidgetTest : public testing::Test {
 protected:
  void Hook(uint32_t observer = protocol::kNone) {
    hook_ = run_.plan.AddHook(kVictim, "make_widget", {point_}, observer);
  }
  VictimResult Run(const std::string& calls) { return run_.Run({"widgets", calls}); }

  VictimRun run_;
  uint32_t point_ = run_.plan.AddPoint("widget/make", 0, ENOMEM);
  uint32_t hook_ = 0;
};

}  // namespace faultline::agent
