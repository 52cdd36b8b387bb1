#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "harness/agent/call.h"
#include "harness/agent/journal_writer.h"
#include "harness/agent/modules.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// What is decided about a call at one of its points.
struct Verdict {
  bool hit = false;
  uint32_t rule = protocol::kNone;  // kNone on a hit: switched on by hand, with fiu-ctrl
  uint32_t site = protocol::kNone;  // row of the call's site, where it was looked for
  uint64_t occurrence = 0;          // of the site; 0 when it was not followed from the start
};

// What the journal says of a call of `point` about which `verdict` was given, but for the result.
protocol::JournalRecord RecordOf(uint16_t kind, Call& call, uint32_t point, const Verdict& verdict);

// Decides which calls fail. The table is libfiu's: a point that a rule is about is a libfiu point
// of failure of the catalogue's name, whose external callback evaluates the plan's rules (which
// calls, at which site, from which callers, how likely); with remote control every point asks
// libfiu, so that `fiu-ctrl` can switch points on by hand. Any thread may ask; the asking thread
// must be busy.
class Decision {
 public:
  constexpr Decision() = default;

  // False when there is no memory for it.
  bool Init(const protocol::PlanHeader* plan, JournalWriter* journal, const Modules* modules);

  // Opens libfiu's FIFOs at PlanHeader::fifo_prefix when the plan asks for remote control. Starts a
  // thread, so not before main. False when they cannot be made.
  bool StartRemoteControl();

  // Counts the call at `point` with the rules about it and decides.
  Verdict Decide(Call& call, uint32_t point);

  // Whether Decide must see every call of the point, even with no rule armed. It then also follows
  // each to its site where the plan asks for that: a census, a watched return.
  bool NeedsEveryCall(uint32_t point) const;

  // The rule about the point when it is the only one, and a call's number all that it asks for.
  // kNone when there is none.
  uint32_t CountingRule(uint32_t point) const;

  // The rules about the point.
  std::span<const uint32_t> RulesOf(uint32_t point) const { return points_[point].rules; }

 private:
  struct Point {
    std::span<uint32_t> rules;              // in the plan's order
    std::atomic<uint32_t> open_site_rules;  // those that still count occurrences on stacks
  };
  struct Question;

  static int OnQuestion(const char* name, int* failnum, void** failinfo, unsigned* flags);
  void EvaluateRules(Question& question) const;
  bool HasCome(const protocol::PlanRule& rule, const Question& question) const;
  bool Matches(const protocol::PlanRule& rule, const Question& question) const;
  bool CallerMatches(const protocol::PlanRule& rule, Call& call) const;
  void VisitSite(Question& question) const;
  void CloseSiteRules(Point& point, const Question& question) const;
  bool IsArmed(uint32_t rule) const;
  bool AnyArmed(const Point& point) const;
  bool FollowsEveryCall(uint32_t point) const;
  bool AddRules();

  const protocol::PlanHeader* plan_ = nullptr;
  std::span<const protocol::PlanRule> rules_;
  std::span<const protocol::PlanPoint> plan_points_;
  JournalWriter* journal_ = nullptr;
  const Modules* modules_ = nullptr;
  std::span<Point> points_;
};

}  // namespace faultline::agent
