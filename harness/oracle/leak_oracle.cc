#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/leaked_objects.h"
#include "harness/oracle/made_together.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/signature.h"
#include "harness/symbols/symbolizer.h"

// `leak`: what a target that ended by itself did not give back, and its fault-free run does. Files,
// sockets, shared memory and processes stay behind it; objects and descriptors the kernel takes
// back, so they count only when the target did unwind. A clean DPDK exit leaves files, so only the
// difference counts. Descriptors are judged by descriptor_oracle.cc.
namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kKind[] = "leak";
constexpr size_t kMostOthers = 4;  // told of those that go with a leaked object

class LeakFinder {
 public:
  LeakFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence), context_(context), fault_free_(*context.fault_free) {}

  std::vector<Finding> Find() {
    FindLeftBehind();
    FindObjects();
    return std::move(findings_);
  }

 private:
  Finding& Add(const std::string& title) {
    return findings_.emplace_back(FindingAtEnd(kKind, title, evidence_));
  }

  void FindLeftBehind() {
    std::set<std::string> seen;
    for (const std::string& left : fault_free_.left_behind) {
      seen.insert(WithoutNumbers(left));
    }
    for (const std::string& left : evidence_.left_behind) {
      const std::string kind = WithoutNumbers(left);
      if (seen.insert(kind).second) {
        Finding& finding = Add("left behind: " + left);
        finding.object = left;
        finding.signature = "leak: " + kind;
        finding.details.push_back("the fault-free run leaves nothing of the kind");
      }
    }
  }

  // What one call made is one finding.
  void FindObjects() {
    std::vector<Leak> leaks;
    for (LeakedGroup& group : FindLeakedObjects(evidence_, context_)) {
      const Stack stack = BlamedStack(evidence_.journal.records[group.objects.front().record],
                                      evidence_.journal, symbolizer_);
      const auto same = std::find_if(leaks.begin(), leaks.end(), [&](const Leak& leak) {
        return MadeTogether(WithoutMakers(leak.stack), WithoutMakers(stack));
      });
      if (same == leaks.end()) {
        leaks.push_back({std::move(group), stack, {}});
      } else {
        AddTo(*same, std::move(group), stack);
      }
    }
    for (const Leak& leak : leaks) {
      AddObjects(leak);
    }
  }

  // Without the frames of the observed functions themselves: rte_malloc_socket calls on behalf of
  // whoever called rte_zmalloc.
  Stack WithoutMakers(const Stack& stack) const {
    const auto is_maker = [&](const Frame& frame) {
      return std::any_of(context_.catalogue.observers.begin(), context_.catalogue.observers.end(),
                         [&](const Observer& observer) {
                           return observer.event == Observer::Event::kCreate &&
                                  std::find(observer.symbols.begin(), observer.symbols.end(),
                                            frame.function) != observer.symbols.end();
                         });
    };
    return {std::find_if_not(stack.begin(), stack.end(), is_maker), stack.end()};
  }

  // The first of its groups that has a name stands for all of them.
  struct Leak {
    LeakedGroup group;
    Stack stack;                      // that made its first object
    std::vector<std::string> others;  // titles of the other groups
  };

  static void AddTo(Leak& leak, LeakedGroup group, const Stack& stack) {
    if (IsNameless(leak.group) && !IsNameless(group)) {
      std::swap(leak.group, group);
      leak.stack = stack;
    }
    leak.others.push_back(Title(group));
  }

  static bool IsNameless(const LeakedGroup& group) { return group.objects.front().label.empty(); }

  // Without the count of the objects.
  static std::string What(const LeakedGroup& group) {
    const TrackedObject& first = group.objects.front();
    return first.label.empty() ? first.registry
                               : fmt::format("{} `{}'", first.registry, first.label);
  }

  static std::string Title(const LeakedGroup& group) {
    const size_t count = group.objects.size();
    return count == 1 ? What(group) + " is never released"
                      : fmt::format("{} objects of {} are never released", count, What(group));
  }

  void AddObjects(const Leak& leak) {
    const LeakedGroup& group = leak.group;
    const std::vector<std::string> makers = BlamedFunctions(leak.stack);
    std::string who_forgot = " by " + Forgetter(leak);
    if (IsNameless(group)) {
      who_forgot = makers.empty() ? "" : ", made by " + makers.front();
    }
    Finding& finding = Add(Title(group) + who_forgot);
    finding.object = What(group);
    finding.stack = leak.stack;
    finding.signature = Signature(leak);
    finding.details.push_back(fmt::format(
        "made in step {} by {}", evidence_.journal.records[group.objects.front().record].step,
        PlaceText(finding.stack)));
    if (IsErrorPath(leak)) {
      finding.details.push_back("the function that made it failed then: its error path forgets it");
    }
    if (!group.released_by.empty()) {
      finding.details.push_back("the fault-free run releases it in " + group.released_by);
    }
    if (!group.parts.empty()) {
      finding.details.push_back("with its parts: " +
                                Some({group.parts.begin(), group.parts.end()}));
    }
    if (!leak.others.empty()) {
      finding.details.push_back("and so: " + Some(leak.others));
    }
  }

  // Did a call fail in the run of the function that made the leaked objects? Then it is the error
  // path of that function that forgets them, and else it is whoever unwinds.
  bool IsErrorPath(const Leak& leak) const {
    const std::vector<Injection>& injections = evidence_.injections;
    return std::any_of(injections.begin(), injections.end(), [&](const Injection& injection) {
      const Stack maker = WithoutMakers(leak.stack);
      // A call that failed deep inside rte_mempool_create is a failure of that to its callers, one
      // of which has made another pool by it.
      return MadeTogether(WithoutMakers(BlamedStack(injection.stack)), maker) ||
             (!leak.stack.empty() &&
              MadeTogether(CallersOf(leak.stack.front().function, injection.stack), maker));
    });
  }

  std::string Forgetter(const Leak& leak) const {
    return IsErrorPath(leak) ? "the error path" : "the stop";
  }

  // Known by the object that was made first, so that it is one bug however many more were made
  // before a call failed; and by who forgets it. Functions are no part of it: in release builds
  // tail calls hide who makes and who ends an object.
  std::string Signature(const Leak& leak) const {
    if (IsNameless(leak.group)) {
      return MakeSignature(kKind, What(leak.group) + " is never released", leak.stack);
    }
    return fmt::format("{}: {} is never released by {}", kKind, What(leak.group), Forgetter(leak));
  }

  static std::string Some(const std::vector<std::string>& texts) {
    const auto told = static_cast<ptrdiff_t>(std::min(texts.size(), kMostOthers));
    const size_t more = texts.size() - static_cast<size_t>(told);
    return fmt::format("{}{}", fmt::join(texts.begin(), texts.begin() + told, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "");
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  const FaultFreeRun& fault_free_;
  Symbolizer symbolizer_;
  std::vector<Finding> findings_;
};

class LeakOracle : public Oracle {
 public:
  std::string_view kind() const override { return kKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    // Who was killed could not tidy up; without a run to compare with, nothing is too much.
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr) {
      return {};
    }
    return LeakFinder(evidence, context).Find();
  }

  // LeakSanitizer sees the memory of what was forgotten: it comes from the same functions.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    return (IsLeakReport(other) && ShareFunction(own.stack, other.stack)) ||
           Oracle::Explains(own, other, evidence, context);
  }

 private:
  static bool ShareFunction(const Stack& one, const Stack& other) {
    constexpr ptrdiff_t kNear = 3;  // frames of the report; further out are functions of all
    constexpr ptrdiff_t kFrames = 5;
    const auto end_of = [](const Stack& stack, ptrdiff_t most) {
      return stack.begin() + std::min(most, static_cast<ptrdiff_t>(stack.size()));
    };
    return std::find_first_of(one.begin(), end_of(one, kFrames), other.begin(),
                              end_of(other, kNear), [](const Frame& a, const Frame& b) {
                                return !a.function.empty() && a.function == b.function;
                              }) != end_of(one, kFrames);
  }
};

FAULTLINE_ORACLE(LeakOracle);

}  // namespace
}  // namespace faultline
