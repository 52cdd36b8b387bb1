#include "harness/oracle/object_leak.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/forgotten_objects.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/silent_creator.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kLeakKind[] = "leak";
constexpr size_t kMostOtherObjects = 4;  // told of those that go with a leaked object

class ObjectLeakFinder {
 public:
  ObjectLeakFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence),
        context_(context),
        failure_(FirstFailure(evidence)),
        met_(FindWhoMet(evidence, context.catalogue)),
        silent_(UnnoticedSilentCreator(evidence, context.catalogue)) {}

  std::vector<Finding> Find() {
    std::vector<Finding> findings;
    for (const ForgottenObjects& leak :
         FindForgottenObjects(evidence_, context_, met_, silent_, symbolizer_)) {
      findings.push_back(Tell(leak));
    }
    return findings;
  }

 private:
  Stack WithoutMakers(const Stack& stack) const {
    return faultline::WithoutMakers(stack, context_.catalogue);
  }

  std::string What(const ForgottenObjects& leak) const {
    return ObjectText(leak.group.objects.front(), WithoutMakers(leak.stack));
  }

  // "mempool `bdev_io_pool' is", "mempool `bdev_io_pool' and 3 more objects are"
  std::string Count(const ForgottenObjects& leak) const {
    const size_t more = leak.group.objects.size() - 1 + leak.others.size();
    return more == 0
               ? What(leak) + " is"
               : fmt::format("{} and {} more object{} are", What(leak), more, more == 1 ? "" : "s");
  }

  // The function that releases what `leak` is of in the fault-free run and is to blame that it does
  // not here, as the chain's names are: the nearest one in the file of the function whose object it
  // is, so that a helper which frees memory for many does not stand for them. "" = not known.
  std::string OwnersRelease(const ForgottenObjects& leak) const {
    const Stack makers = WithoutMakers(leak.stack);
    const std::vector<std::string> names = BlamedFunctions(makers);
    if (names.empty()) {
      return "";
    }
    // A small program may have no other file than the one in which it asks for memory.
    const std::string& of = leak.group.IsNameless() ? names.back() : names.front();
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
  // A function that is called by the skipped one, or is that, was not seen: it forgets nothing.
  std::string NotBy(const ForgottenObjects& leak) const {
    const std::string release = OwnersRelease(leak);
    if (release.empty() || failure_ == nullptr || !silent_.empty()) {
      return "";
    }
    const std::vector<std::string>& chain = leak.group.release_chain;
    const auto last_unseen = std::find(chain.begin(), chain.end(), leak.skipped);
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
  std::string Signature(const ForgottenObjects& leak) const {
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
  std::string Cause(const ForgottenObjects& leak) const {
    const std::string cause = CauseOfForgetting(leak);
    const std::string object = silent_.empty() && failure_ != nullptr ? UnreleasedObject(leak) : "";
    return cause.empty() || object.empty() ? cause + object : cause + "; " + object;
  }

  // An object may be forgotten by the error paths of several functions that call each other: to
  // release it where the outermost one fails mends them all. "" where objects have no names: a
  // helper that makes and frees memory for many says nothing of whose it is, unless no error path
  // knows of it and its owner has a function that gives it back.
  std::string UnreleasedObject(const ForgottenObjects& leak) const {
    const std::vector<std::string> makers = BlamedFunctions(WithoutMakers(leak.stack));
    const std::string by = !leak.group.IsNameless()          ? leak.group.released_by
                           : leak.forgetter.function.empty() ? OwnersRelease(leak)
                                                             : "";
    return makers.empty() || by.empty()
               ? ""
               : fmt::format("nothing releases the {} of {} as {} does",
                             leak.group.objects.front().registry, fmt::join(makers, " < "), by);
  }

  std::string CauseOfForgetting(const ForgottenObjects& leak) const {
    if (!leak.forgetter.function.empty()) {
      return CauseOfErrorPath(leak.forgetter);
    }
    if (!silent_.empty()) {
      return CauseOfSilence(silent_);
    }
    const std::string stop =
        leak.first_skipped.empty()
            ? ""
            : fmt::format("the stop releases nothing in {}", leak.first_skipped);
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

  Finding Tell(const ForgottenObjects& leak) {
    const LeakedGroup& group = leak.group;
    Finding finding = FindingAtEnd(
        kLeakKind,
        Count(leak) + " never released" +
            (leak.forgetter.function.empty() ? NotBy(leak) + " " + HowForgotten()
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
    finding.cause = Cause(leak);
    if (!group.released_by.empty()) {
      finding.details.push_back("the fault-free run releases it in " + group.released_by);
    }
    if (!leak.skipped.empty()) {
      finding.details.push_back("this run releases nothing in " + leak.skipped);
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
  const Injection* failure_;  // the first; nullptr when nothing failed
  const MetFailure met_;
  const std::string silent_;  // see UnnoticedSilentCreator
  Symbolizer symbolizer_;
};

}  // namespace

std::vector<Finding> FindObjectLeaks(const Evidence& evidence, const OracleContext& context) {
  return ObjectLeakFinder(evidence, context).Find();
}

}  // namespace faultline
