#include "harness/agent/decision.h"

#include <signal.h>

#include <algorithm>

#define FIU_ENABLE 1
#include <fiu-control.h>
#include <fiu.h>

#include "harness/agent/heap.h"
#include "harness/agent/hooks.h"
#include "harness/agent/raw.h"
#include "harness/agent/snapshot.h"
#include "harness/agent/thread_state.h"
#include "harness/protocol/site_hash.h"

namespace faultline::agent {
namespace {

using namespace protocol;

// A rule by whose occurrences on stacks every call of its point must be told apart.
bool CountsOccurrences(const PlanRule& rule) { return rule.site != 0 || rule.chance != 0; }

template <typename T>
std::span<T> AllocateArray(size_t count) {
  auto* elements = static_cast<T*>(agent_heap.Allocate(count * sizeof(T)));
  return {elements, elements == nullptr ? 0 : count};
}

// Whether the rule's dice fall for this call: by the site and the occurrence there, so that other
// threads' calls do not change the outcome.
bool Chosen(const PlanRule& rule, uint64_t site_hash, uint64_t occurrence) {
  return rule.chance == 0 || HashMix(HashMix(rule.seed, site_hash), occurrence) >> 11 < rule.chance;
}

}  // namespace

// What libfiu's callback is asked, and its answer; it reaches the callback by
// ThreadState::question.
struct Decision::Question {
  Decision* decision;
  Call* call;
  uint32_t point;
  uint64_t site_hash;  // 0 while the call's site is not known
  SiteVisit visit;
  Verdict verdict;
};

bool Decision::Init(const PlanHeader* plan, JournalWriter* journal, const Modules* modules) {
  plan_ = plan;
  journal_ = journal;
  modules_ = modules;
  rules_ = plan->rules.In(plan);
  plan_points_ = plan->points.In(plan);
  points_ = AllocateArray<Point>(plan_points_.size());
  return points_.size() == plan_points_.size() && fiu_init(0) == 0 && AddRules();
}

bool Decision::AddRules() {
  for (uint32_t index = 0; index < points_.size(); ++index) {
    auto is_about = [index](const PlanRule& rule) { return rule.point == index; };
    const auto count = static_cast<size_t>(std::count_if(rules_.begin(), rules_.end(), is_about));
    if (count == 0) {
      continue;
    }
    Point& point = points_[index];
    point.rules = AllocateArray<uint32_t>(count);
    if (point.rules.empty()) {
      return false;
    }
    size_t filled = 0;
    for (uint32_t rule = 0; rule < rules_.size(); ++rule) {
      if (is_about(rules_[rule])) {
        point.rules[filled++] = rule;
        point.open_site_rules += CountsOccurrences(rules_[rule]) ? 1 : 0;
      }
    }
    const char* name = plan_points_[index].name.CString(plan_);
    if (fiu_enable_external(name, 1, nullptr, 0, &Decision::OnQuestion) != 0) {
      return false;
    }
  }
  return true;
}

bool Decision::StartRemoteControl() {
  if ((plan_->flags & kRemoteControl) == 0) {
    return true;
  }
  // The target's signals are for the target's threads.
  const uint64_t all = ~uint64_t{0};
  uint64_t old = 0;
  Syscall(__NR_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
  const int failed = fiu_rc_fifo(plan_->fifo_prefix.CString(plan_));
  Syscall(__NR_rt_sigprocmask, SIG_SETMASK, &old, nullptr, sizeof(old));
  return failed == 0;
}

JournalRecord RecordOf(uint16_t kind, Call& call, uint32_t point, const Verdict& verdict) {
  JournalRecord record;
  record.kind = kind;
  record.index = point;
  record.stack = call.stack_row();
  record.site = verdict.site;
  record.rule = verdict.rule;
  record.occurrence = verdict.occurrence;
  return record;
}

uint32_t Decision::CountingRule(uint32_t point) const {
  if (NeedsEveryCall(point) || plan_points_[point].conditions.count != 0 ||
      points_[point].rules.size() != 1) {
    return kNone;
  }
  const uint32_t index = points_[point].rules[0];
  const PlanRule& rule = rules_[index];
  const bool filters =
      rule.phase != PlanRule::kAnyPhase || rule.after != kNone || rule.callers.count != 0;
  return filters ? kNone : index;
}

bool Decision::NeedsEveryCall(uint32_t point) const {
  return (plan_->flags & kRemoteControl) != 0 || FollowsEveryCall(point);
}

// To its site, so that its occurrences there are counted from the start.
bool Decision::FollowsEveryCall(uint32_t point) const {
  return (plan_->flags & (kRecordSites | kCarrier)) != 0 || plan_points_[point].watch_return != 0 ||
         points_[point].open_site_rules.load(std::memory_order_relaxed) != 0;
}

Verdict Decision::Decide(Call& call, uint32_t index) {
  Question question{this, &call, index, 0, {}, {}};
  if (call.in_own_process()) {
    the_snapshot.AwaitOthers();
  }
  const bool is_paused = journal_->header()->paused.load(std::memory_order_relaxed) != 0;
  if (!is_paused && FollowsEveryCall(index) && call.in_own_process()) {
    VisitSite(question);
    question.verdict.occurrence = question.visit.occurrence;
    if (the_snapshot.Wants(question.site_hash, question.visit.occurrence)) {
      the_snapshot.Park();
    }
    CloseSiteRules(points_[index], question);
  }
  if ((plan_->flags & kRemoteControl) != 0 || AnyArmed(points_[index])) {
    this_thread.question = &question;
    question.verdict.hit =
        fiu_fail(plan_points_[index].name.CString(plan_)) != 0 && call.in_own_process();
    this_thread.question = nullptr;
  }
  if (question.verdict.hit && question.site_hash == 0) {
    VisitSite(question);  // for the record; its occurrence means nothing
  }
  question.verdict.site = question.visit.index;
  return question.verdict;
}

void Decision::VisitSite(Question& question) const {
  Call& call = *question.call;
  question.site_hash =
      SiteHash(call.canonical_stack().hash, plan_points_[question.point].name_hash);
  question.visit = journal_->VisitSite(question.site_hash, question.point, call.stack_row());
}

// A rule about a site is over once the last occurrence that it can hit has come: occurrences count
// from the start, armed or not. When all are over the point's stacks need no more walking.
void Decision::CloseSiteRules(Point& point, const Question& question) const {
  for (uint32_t index : point.rules) {
    const PlanRule& rule = rules_[index];
    if (rule.site == question.site_hash && rule.last == question.visit.occurrence) {
      point.open_site_rules.fetch_sub(1, std::memory_order_relaxed);
    }
  }
}

// Called by libfiu, inside fiu_fail.
int Decision::OnQuestion(const char*, int*, void**, unsigned*) {
  auto* question = static_cast<Question*>(this_thread.question);
  if (question == nullptr) {
    return 0;
  }
  question->decision->EvaluateRules(*question);
  return question->verdict.rule == kNone ? 0 : 1;
}

// The first rule that hits decides, but every rule counts: "the third call" is the third call,
// whatever another rule did to the second.
void Decision::EvaluateRules(Question& question) const {
  for (uint32_t index : points_[question.point].rules) {
    const PlanRule& rule = rules_[index];
    if (!IsArmed(index) || !HasCome(rule, question) || !Matches(rule, question)) {
      continue;
    }
    RuleState& state = journal_->rules()[index];
    const uint64_t counted = state.counted.fetch_add(1, std::memory_order_relaxed) + 1;
    const uint64_t number = rule.site != 0 ? question.visit.occurrence : counted;
    if (question.verdict.rule != kNone || !Selects(rule, number) ||
        !Chosen(rule, question.site_hash, question.visit.occurrence)) {
      continue;
    }
    if (!question.call->in_own_process()) {
      state.counted.fetch_sub(1, std::memory_order_relaxed);  // the hit is for the target
      continue;
    }
    state.hits.fetch_add(1, std::memory_order_relaxed);
    question.verdict.rule = index;
  }
}

// Whether the rule that this one waits for, if any, has hit a call before this one.
bool Decision::HasCome(const PlanRule& rule, const Question& question) const {
  return rule.after >= rules_.size() ||
         (question.verdict.rule != rule.after &&
          journal_->rules()[rule.after].hits.load(std::memory_order_relaxed) != 0);
}

bool Decision::Matches(const PlanRule& rule, const Question& question) const {
  if (rule.phase != PlanRule::kAnyPhase &&
      (rule.phase == PlanRule::kBeforeMain) != journal_->before_main()) {
    return false;
  }
  if (rule.after != kNone) {
    const uint64_t now = question.verdict.rule == rule.after ? 1 : 0;  // a hit by this very call
    if (journal_->rules()[rule.after].hits.load(std::memory_order_relaxed) <= now) {
      return false;
    }
  }
  return (rule.site == 0 || rule.site == question.site_hash) &&
         (rule.callers.count == 0 || CallerMatches(rule, *question.call));
}

bool Decision::CallerMatches(const PlanRule& rule, Call& call) const {
  const std::span<const PlanRange> callers = rule.callers.In(plan_);
  // A call may be its function's last instruction: the byte before the return address is in it.
  if (rule.caller_depth == PlanRule::kDirectCaller) {
    return modules_->InRanges(callers, call.caller() - 1);
  }
  const std::span<const uint64_t> frames = call.raw_stack().frames();
  return std::any_of(frames.begin(), frames.end(),
                     [&](uint64_t address) { return modules_->InRanges(callers, address - 1); });
}

bool Decision::IsArmed(uint32_t rule) const {
  return (journal_->header()->armed[rule / 64].load(std::memory_order_acquire) >> rule % 64 & 1) !=
         0;
}

bool Decision::AnyArmed(const Point& point) const {
  return std::any_of(point.rules.begin(), point.rules.end(),
                     [this](uint32_t rule) { return IsArmed(rule); });
}

}  // namespace faultline::agent
