#include "harness/oracle/object_leak.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/common_call.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/forgetter.h"
#include "harness/oracle/leaked_objects.h"
#include "harness/oracle/made_together.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/silent_creator.h"
#include "harness/oracle/skipped_release.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kLeakKind[] = "leak";
constexpr size_t kMostOtherObjects = 4;  // told of those that go with a leaked object

// Groups that one function forgets. The first of them that has a name stands for all.
struct Leak {
  LeakedGroup group;
  Stack stack;  // that made its first object
  Forgetter forgetter;
  std::vector<std::string> others = {};  // titles of the other groups
  std::string skipped = {};              // see SkippedRelease; "" = an error path forgets it
};

bool IsNameless(const LeakedGroup& group) { return group.objects.front().name.empty(); }

class ObjectLeakFinder {
 public:
  ObjectLeakFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence),
        context_(context),
        tracked_(TrackObjects(evidence, context.catalogue)),
        failure_(FirstFailure(evidence)),
        met_(FindWhoMet(evidence, context.catalogue)),
        silent_(UnnoticedSilentCreator(evidence, context.catalogue)),
        forgetters_(evidence, tracked_, met_, symbolizer_),
        skipped_(evidence, context.catalogue, symbolizer_) {}

  std::vector<Finding> Find() {
    std::vector<Leak> all;
    for (LeakedGroup& group : FindLeakedObjects(evidence_, context_)) {
      const TrackedObject& first = group.objects.front();
      const Stack stack = StackOf(first);
      // Whoever is told of no failure takes no error path.
      Forgetter forgetter = silent_.empty() ? forgetters_.Find(first) : Forgetter();
      all.push_back({std::move(group), stack, std::move(forgetter)});
    }
    JoinOuter(all);
    std::vector<Leak> leaks;
    for (Leak& leak : all) {
      const auto same = std::find_if(leaks.begin(), leaks.end(), [&](const Leak& other) {
        return HaveOneForgetter(leak, other);
      });
      if (same == leaks.end()) {
        leaks.push_back(std::move(leak));
      } else {
        AddTo(*same, std::move(leak));
      }
    }
    for (Leak& leak : leaks) {
      if (leak.forgetter.function.empty() && leak.group.released_by_stop) {
        leak.skipped = skipped_.Find(leak.group.release_chain);
      }
    }
    std::vector<Finding> findings;
    for (const Leak& leak : leaks) {
      findings.push_back(Tell(leak, FirstSkipped(leak, leaks)));
    }
    return findings;
  }

 private:
  Stack StackOf(const TrackedObject& object) {
    return BlamedStack(evidence_.journal.records[object.record], evidence_.journal, symbolizer_);
  }

  // What was made in the same run of a function whose error path forgets other things as well, by a
  // function that it called by a pointer, is for that error path too.
  static void JoinOuter(std::vector<Leak>& leaks) {
    for (Leak& leak : leaks) {
      const auto outer = std::find_if(leaks.begin(), leaks.end(), [&](const Leak& other) {
        return leak.forgetter.function.empty() && !other.forgetter.function.empty() &&
               FindCall(leak.stack, other.forgetter.at_failure);
      });
      if (outer != leaks.end()) {
        leak.forgetter = outer->forgetter;
      }
    }
  }

  // What a stop releases later in the same file waits for what it releases first, often by
  // messages, so that no function calls both: where all of it is left, the first one is what was
  // skipped.
  static std::string FirstSkipped(const Leak& leak, const std::vector<Leak>& leaks) {
    const auto file_of = [](const Leak& one) {
      return one.skipped.substr(std::min(one.skipped.find(" ("), one.skipped.size()));
    };
    const Leak* first = &leak;
    for (const Leak& other : leaks) {
      const bool is_there = !leak.skipped.empty() && !other.skipped.empty() &&
                            file_of(other) == file_of(leak) && !file_of(leak).empty();
      first = is_there && other.group.ended < first->group.ended ? &other : first;
    }
    return first->skipped;
  }

  // Was the call of the function at the front of `call` going on when `stack` was taken?
  static bool FindCall(const Stack& stack, const Stack& call) {
    const std::optional<CommonCall> common = FindCommonCall(stack, call);
    return common && common->in_other == 0;
  }

  bool HaveOneForgetter(const Leak& one, const Leak& other) const {
    if (CauseOfErrorPath(one.forgetter) != CauseOfErrorPath(other.forgetter)) {
      return false;
    }
    return !one.forgetter.function.empty() ||
           MadeTogether(WithoutMakers(one.stack), WithoutMakers(other.stack));
  }

  void AddTo(Leak& leak, Leak more) const {
    if (IsNameless(leak.group) && !IsNameless(more.group)) {
      std::swap(leak.group, more.group);
      std::swap(leak.stack, more.stack);
    }
    leak.others.insert(leak.others.end(), more.group.objects.size(), What(more));
  }

  Stack WithoutMakers(const Stack& stack) const {
    return faultline::WithoutMakers(stack, context_.catalogue);
  }

  // "mempool `bdev_io_pool'", "heap object made by start_ports"
  std::string What(const Leak& leak) const {
    const TrackedObject& first = leak.group.objects.front();
    if (!first.name.empty()) {
      return fmt::format("{} `{}'", first.registry, first.name);
    }
    const std::vector<std::string> makers = NamedCallers(WithoutMakers(leak.stack));
    return first.registry + " object" + (makers.empty() ? "" : " made by " + makers.front());
  }

  // "mempool `bdev_io_pool' is", "mempool `bdev_io_pool' and 3 more objects are"
  std::string Count(const Leak& leak) const {
    const size_t more = leak.group.objects.size() - 1 + leak.others.size();
    return more == 0
               ? What(leak) + " is"
               : fmt::format("{} and {} more object{} are", What(leak), more, more == 1 ? "" : "s");
  }

  // The function that releases what `leak` is of in the fault-free run and is to blame that it does
  // not here, as the chain's names are: the nearest one in the file of the function whose object it
  // is, so that a helper which frees memory for many does not stand for them. "" = not known.
  std::string OwnersRelease(const Leak& leak) const {
    const Stack makers = WithoutMakers(leak.stack);
    const std::vector<std::string> names = BlamedFunctions(makers);
    if (names.empty()) {
      return "";
    }
    // A small program may have no other file than the one in which it asks for memory.
    const std::string& of = IsNameless(leak.group) ? names.back() : names.front();
    const auto owner = std::find_if(makers.begin(), makers.end(), [&](const Frame& frame) {
      return FoldTemplates(frame.function) == of;
    });
    const std::string in_file =
        owner == makers.end() || owner->file.empty()
            ? ""
            : fmt::format(" ({})", std::filesystem::path(owner->file).filename().string());
    const std::vector<std::string>& chain = leak.group.release_chain;
    const auto release = std::find_if(chain.begin(), chain.end(), [&](const std::string& one) {
      return !in_file.empty() && one.ends_with(in_file);
    });
    return release == chain.end() ? "" : *release;
  }

  // " by spdk_nvmf_tgt_destroy", of an object that nothing released where the fault-free run does.
  // A function that is called by `skipped`, or is that, was not seen: it forgets nothing.
  std::string NotBy(const Leak& leak, const std::string& skipped) const {
    const std::string release = OwnersRelease(leak);
    if (release.empty() || failure_ == nullptr || !silent_.empty()) {
      return "";
    }
    const std::vector<std::string>& chain = leak.group.release_chain;
    const auto last_unseen = std::find(chain.begin(), chain.end(), skipped);
    const bool was_seen = last_unseen == chain.end() ||
                          std::find(last_unseen + 1, chain.end(), release) != chain.end();
    return fmt::format(" by {}{}", release.substr(0, release.find(" (")),
                       was_seen ? "" : ", which is not reached,");
  }

  // How an object is not released that no error path forgets. No function knows both of it and of
  // the failure, so that it is told by the one that met the failure, or that kept it to itself.
  std::string HowForgotten() const {
    return failure_ == nullptr ? "by the stop"
           : !silent_.empty()  ? fmt::format("after {} failed and reported it to nobody", silent_)
                               : "after " + FailureText(*failure_, met_);
  }

  // Of a signature: the function that HowForgotten names.
  std::string FailureClause() const {
    if (failure_ == nullptr) {
      return "";
    }
    if (!silent_.empty()) {
      return std::string(kAfterAFailed) + silent_;
    }
    const std::string met = FunctionThatMet(met_);
    return met.empty() ? "" : fmt::format("{}call in {}", kAfterAFailed, met);
  }

  // Names are the target's users' and may be counted: the place that made the object is the same in
  // every run. Where that has no name, the object's own must do.
  std::string Signature(const Leak& leak) const {
    const TrackedObject& first = leak.group.objects.front();
    const Stack makers = WithoutMakers(leak.stack);
    const std::string what = !BlamedFunctions(makers).empty() || first.label.empty()
                                 ? first.registry
                                 : fmt::format("{} `{}'", first.registry, first.label);
    const auto signature = [&](const std::string& forgetter) {
      return MakeSignature(kLeakKind, fmt::format("{} is never released by {}", what, forgetter),
                           makers);
    };
    if (!leak.forgetter.function.empty()) {
      return signature("the error path of " + NameInFile(leak.forgetter.at_failure.front()));
    }
    return signature(failure_ == nullptr ? "the stop" : "anybody") + FailureClause();
  }

  // See Finding::cause.
  std::string Cause(const Leak& leak, const std::string& skipped) const {
    const std::string cause = CauseOfForgetting(leak, skipped);
    const std::string object = silent_.empty() && failure_ != nullptr ? UnreleasedObject(leak) : "";
    return cause.empty() || object.empty() ? cause + object : cause + "; " + object;
  }

  // An object may be forgotten by the error paths of several functions that call each other: to
  // release it where the outermost one fails mends them all. "" where objects have no names: a
  // helper that makes and frees memory for many says nothing of whose it is, unless no error path
  // knows of it and its owner has a function that gives it back.
  std::string UnreleasedObject(const Leak& leak) const {
    const std::vector<std::string> makers = BlamedFunctions(WithoutMakers(leak.stack));
    const std::string by = !IsNameless(leak.group)           ? leak.group.released_by
                           : leak.forgetter.function.empty() ? OwnersRelease(leak)
                                                             : "";
    return makers.empty() || by.empty()
               ? ""
               : fmt::format("nothing releases the {} of {} as {} does",
                             leak.group.objects.front().registry, fmt::join(makers, " < "), by);
  }

  std::string CauseOfForgetting(const Leak& leak, const std::string& skipped) const {
    if (!leak.forgetter.function.empty()) {
      return CauseOfErrorPath(leak.forgetter);
    }
    if (!silent_.empty()) {
      return CauseOfSilence(silent_);
    }
    const std::string stop =
        skipped.empty() ? "" : fmt::format("the stop releases nothing in {}", skipped);
    const std::string met = AfterWhomNothingIsReleased();
    return met.empty() || stop.empty() ? met + stop : met + "; " + stop;
  }

  // By two functions, as signatures are: a helper that meets failures for many says little alone.
  // One that returns nothing can tell of it all the same, by a callback or a message: then it is
  // not the one to release anything.
  std::string AfterWhomNothingIsReleased() const {
    const std::vector<std::string> met =
        failure_ == nullptr ? std::vector<std::string>() : BlamedFunctions(met_.stack);
    if (met.empty() || met != NamedCallers(met_.stack)) {
      return "";
    }
    const bool may_tell = met_.returned == Returned::kNothing;
    return fmt::format("nothing is released after a failed call in {}{}", fmt::join(met, " < "),
                       may_tell ? ", by it or by whom it tells" : "");
  }

  // `first_skipped`: of the stop, see FirstSkipped.
  Finding Tell(const Leak& leak, const std::string& first_skipped) {
    const LeakedGroup& group = leak.group;
    const std::string& skipped = leak.skipped;
    Finding finding = FindingAtEnd(
        kLeakKind,
        Count(leak) + " never released" +
            (leak.forgetter.function.empty() ? NotBy(leak, skipped) + " " + HowForgotten()
                                             : " by the error path of " + leak.forgetter.function),
        evidence_);
    finding.object = What(leak);
    finding.signature = Signature(leak);
    finding.details.push_back(fmt::format(
        "made in step {} by {}", evidence_.journal.records[group.objects.front().record].step,
        PlaceText(leak.stack)));
    if (!leak.forgetter.function.empty()) {
      finding.stack = leak.forgetter.at_failure;
      finding.details.push_back(
          fmt::format("it was there already when {} failed at {}: whoever gives up there has to "
                      "release it",
                      leak.forgetter.point, PlaceText(finding.stack)));
    } else {
      finding.stack = leak.stack;
    }
    finding.cause = Cause(leak, first_skipped);
    if (!group.released_by.empty()) {
      finding.details.push_back("the fault-free run releases it in " + group.released_by);
    }
    if (!skipped.empty()) {
      finding.details.push_back("this run releases nothing in " + skipped);
    }
    if (leak.forgetter.function.empty()) {
      TellFailure(finding);
    }
    if (!group.parts.empty()) {
      finding.details.push_back("with its parts: " +
                                Some({group.parts.begin(), group.parts.end()}));
    }
    if (!leak.others.empty()) {
      finding.details.push_back("and so: " + Some(Counted(leak.others)));
    }
    return finding;
  }

  // See HowForgotten.
  void TellFailure(Finding& finding) const {
    if (failure_ != nullptr) {
      finding.details.push_back(fmt::format("{} failed in step {} at {}", failure_->point,
                                            failure_->step,
                                            PlaceText(BlamedStack(failure_->stack))));
    }
    if (const std::string way = HowItWentUp(met_); !way.empty()) {
      finding.details.push_back(way);
    }
    if (!silent_.empty()) {
      finding.details.push_back(silent_ + " reported that to nobody");
    }
  }

  // Each text once, with how often it is there.
  static std::vector<std::string> Counted(const std::vector<std::string>& texts) {
    std::vector<std::string> counted;
    std::set<std::string> seen;
    for (const std::string& text : texts) {
      const auto count = std::count(texts.begin(), texts.end(), text);
      if (seen.insert(text).second) {
        counted.push_back(count == 1 ? text : fmt::format("{} ({} times)", text, count));
      }
    }
    return counted;
  }

  static std::string Some(const std::vector<std::string>& texts) {
    const auto told = static_cast<ptrdiff_t>(std::min(texts.size(), kMostOtherObjects));
    const size_t more = texts.size() - static_cast<size_t>(told);
    return fmt::format("{}{}", fmt::join(texts.begin(), texts.begin() + told, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "");
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  const std::vector<TrackedObject> tracked_;
  const Injection* failure_;  // the first; nullptr when nothing failed
  const MetFailure met_;
  const std::string silent_;  // see UnnoticedSilentCreator
  Symbolizer symbolizer_;
  const ForgetterFinder forgetters_;
  SkippedRelease skipped_;
};

}  // namespace

std::vector<Finding> FindObjectLeaks(const Evidence& evidence, const OracleContext& context) {
  return ObjectLeakFinder(evidence, context).Find();
}

}  // namespace faultline
