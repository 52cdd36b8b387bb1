#include "harness/oracle/forgotten_objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/oracle/blame.h"
#include "harness/oracle/common_call.h"
#include "harness/oracle/made_together.h"
#include "harness/oracle/skipped_release.h"

namespace faultline {
namespace {

// Was the call of the function at the front of `call` going on when `stack` was taken?
bool FindCall(const Stack& stack, const Stack& call) {
  const std::optional<CommonCall> common = FindCommonCall(stack, call);
  return common && common->in_other == 0;
}

// What was made in the same run of a function whose error path forgets other things as well, by a
// function that it called by a pointer, is for that error path too.
void JoinOuter(std::vector<ForgottenObjects>& all) {
  for (ForgottenObjects& one : all) {
    const auto outer = std::find_if(all.begin(), all.end(), [&](const ForgottenObjects& other) {
      return one.forgetter.function.empty() && !other.forgetter.function.empty() &&
             FindCall(one.stack, other.forgetter.at_failure);
    });
    if (outer != all.end()) {
      one.forgetter = outer->forgetter;
    }
  }
}

bool HaveOneForgetter(const ForgottenObjects& one, const ForgottenObjects& other,
                      const Catalogue& catalogue) {
  if (CauseOfErrorPath(one.forgetter) != CauseOfErrorPath(other.forgetter)) {
    return false;
  }
  return !one.forgetter.function.empty() ||
         MadeTogether(WithoutMakers(one.stack, catalogue), WithoutMakers(other.stack, catalogue));
}

void AddTo(ForgottenObjects& all, ForgottenObjects more, const Catalogue& catalogue) {
  if (all.group.IsNameless() && !more.group.IsNameless()) {
    std::swap(all.group, more.group);
    std::swap(all.stack, more.stack);
  }
  all.others.insert(all.others.end(), more.group.objects.size(),
                    ObjectText(more.group.objects.front(), WithoutMakers(more.stack, catalogue)));
}

// Groups that one function forgets become one.
std::vector<ForgottenObjects> Joined(std::vector<ForgottenObjects> all,
                                     const Catalogue& catalogue) {
  JoinOuter(all);
  std::vector<ForgottenObjects> joined;
  for (ForgottenObjects& one : all) {
    const auto same = std::find_if(
        joined.begin(), joined.end(),
        [&](const ForgottenObjects& other) { return HaveOneForgetter(one, other, catalogue); });
    if (same == joined.end()) {
      joined.push_back(std::move(one));
    } else {
      AddTo(*same, std::move(one), catalogue);
    }
  }
  return joined;
}

// What a stop releases later in the same file waits for what it releases first, often by messages,
// so that no function calls both: where all of it is left, the first one is what was skipped.
std::string FirstSkipped(const ForgottenObjects& one, const std::vector<ForgottenObjects>& all) {
  const auto file_of = [](const ForgottenObjects& of) {
    return of.skipped.substr(std::min(of.skipped.find(" ("), of.skipped.size()));
  };
  const ForgottenObjects* first = &one;
  for (const ForgottenObjects& other : all) {
    const bool is_there = !one.skipped.empty() && !other.skipped.empty() &&
                          file_of(other) == file_of(one) && !file_of(one).empty();
    first = is_there && other.group.ended < first->group.ended ? &other : first;
  }
  return first->skipped;
}

void FindSkipped(std::vector<ForgottenObjects>& all, SkippedRelease& skipped) {
  for (ForgottenObjects& one : all) {
    if (one.forgetter.function.empty() && one.group.released_by_stop) {
      one.skipped = skipped.Find(one.group.release_chain);
    }
  }
  for (ForgottenObjects& one : all) {
    one.first_skipped = FirstSkipped(one, all);
  }
}

}  // namespace

std::string ObjectText(const TrackedObject& object, const Stack& makers) {
  if (!object.name.empty()) {
    return fmt::format("{} `{}'", object.registry, object.name);
  }
  const std::vector<std::string> names = NamedCallers(makers);
  return object.registry + " object" + (names.empty() ? "" : " made by " + names.front());
}

std::vector<ForgottenObjects> FindForgottenObjects(const Evidence& evidence,
                                                   const OracleContext& context,
                                                   const MetFailure& met, const std::string& silent,
                                                   Symbolizer& symbolizer) {
  const std::vector<TrackedObject> tracked = TrackObjects(evidence, context.catalogue);
  const ForgetterFinder forgetters(evidence, tracked, met, symbolizer);
  std::vector<ForgottenObjects> all;
  for (LeakedGroup& group : FindLeakedObjects(evidence, context)) {
    const TrackedObject& first = group.objects.front();
    const Stack stack =
        BlamedStack(evidence.journal.records[first.record], evidence.journal, symbolizer);
    // Whoever is told of no failure takes no error path.
    Forgetter forgetter = silent.empty() ? forgetters.Find(first) : Forgetter();
    all.push_back({std::move(group), stack, std::move(forgetter)});
  }
  all = Joined(std::move(all), context.catalogue);
  SkippedRelease skipped(evidence, context.catalogue, symbolizer);
  FindSkipped(all, skipped);
  return all;
}

}  // namespace faultline
