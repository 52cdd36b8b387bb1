#include "harness/store/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace faultline {
namespace {

// Evidence that a busy machine cannot make up.
bool IsCrash(const FindingGroup& group) {
  return group.kind == "crash" || group.kind == "sanitizer";
}

bool AllUnsignalled(int64_t seen, int64_t tries) {
  return tries == kConfirmationRuns && seen == tries;
}

std::string Reruns(const FindingGroup& group) {
  switch (StatusOf(group)) {
    case FindingStatus::kUnproven:
      return fmt::format("did not come again in {} runs", group.tries);
    case FindingStatus::kByDesign:
      return "the target ended itself as its profile says that it may";
    case FindingStatus::kNotTried:
      return "not confirmed: no runs were left, or this machine was too busy";
    case FindingStatus::kAssumed:
      if (group.tries == 0) {
        return "its call cannot fail in this build";
      }
      [[fallthrough]];
    default:
      return fmt::format("came again in {} of {} runs", group.confirmed, group.tries);
  }
}

std::string Control(const FindingGroup& group) {
  if (group.control_tries == 0) {
    return "";
  }
  return ComesWithoutFault(group)
             ? fmt::format(
                   "came in {} of {} runs without the fault too: a race of the target's own",
                   group.control, group.control_tries)
             : fmt::format("came in none of {} runs without the fault", group.control_tries);
}

// A target that is asked to stop while it backs out already meets two ends at once.
std::string Signal(const FindingGroup& group) {
  if (ComesWithoutSignal(group) && group.confirmed < group.tries) {
    return fmt::format(
        "came in each of {} runs without the stop signal, which can make the target crash while "
        "it backs out",
        group.unsignalled_tries);
  }
  if (group.unsignalled == group.unsignalled_tries) {
    return "";  // as when it was not asked
  }
  return group.unsignalled == 0
             ? fmt::format(
                   "came in none of {} runs without the stop signal: the signal while the target "
                   "backs out brings it about",
                   group.unsignalled_tries)
             : fmt::format("came in {} of {} runs without the stop signal too", group.unsignalled,
                           group.unsignalled_tries);
}

// `title` up to what it says of the call that was made to fail: ", after libc/memory/calloc failed
// in pool_init", ": libc/memory/calloc had failed in pool_init". Points have a '/' in their names.
std::string WithoutFailedCall(const std::string& title) {
  for (const std::string_view begin : {", after ", " after ", ": "}) {
    for (size_t at = title.find(begin); at != std::string::npos; at = title.find(begin, at + 1)) {
      const std::string_view rest = std::string_view(title).substr(at + begin.size());
      const size_t end = std::min(rest.find(' '), rest.size());
      const bool is_point = rest.substr(0, end).find('/') != std::string_view::npos;
      const std::string_view verb = rest.substr(end);
      if (is_point && (verb.starts_with(" failed") || verb.starts_with(" had failed"))) {
        return title.substr(0, at);
      }
    }
  }
  return title;
}

}  // namespace

FindingStatus StatusOf(const FindingGroup& group) {
  if (group.kind == "ends-by-design") {
    return FindingStatus::kByDesign;
  }
  if (group.tries == 0 && group.proof.state == StoredProof::State::kMissing) {
    return FindingStatus::kAssumed;
  }
  if (group.tries < kConfirmationRuns && (group.confirmed == 0 || group.confirmed == group.tries)) {
    return FindingStatus::kNotTried;
  }
  const bool came_each_time = group.confirmed == group.tries || ComesWithoutSignal(group);
  if (group.confirmed == 0 && !came_each_time) {
    return FindingStatus::kUnproven;
  }
  if (group.proof.state == StoredProof::State::kMissing) {
    return FindingStatus::kAssumed;
  }
  return came_each_time ? FindingStatus::kConfirmed : FindingStatus::kFlaky;
}

bool NeedsConfirming(const FindingGroup& group) {
  const FindingStatus status = StatusOf(group);
  return group.tries < kConfirmationRuns && status != FindingStatus::kAssumed &&
         status != FindingStatus::kByDesign;
}

const char* StatusName(FindingStatus status) {
  switch (status) {
    case FindingStatus::kConfirmed:
      return "confirmed";
    case FindingStatus::kFlaky:
      return "flaky";
    case FindingStatus::kUnproven:
      return "unproven";
    case FindingStatus::kAssumed:
      return "assumed";
    case FindingStatus::kByDesign:
      return "by design";
    case FindingStatus::kNotTried:
      break;
  }
  return "not tried";
}

bool FailsCommand(const FindingGroup& group, bool assumed_too) {
  switch (StatusOf(group)) {
    case FindingStatus::kConfirmed:
      return true;
    case FindingStatus::kFlaky:
    case FindingStatus::kUnproven:
      return IsCrash(group) && group.seen + group.confirmed >= 2 &&
             group.proof.state != StoredProof::State::kMissing;
    case FindingStatus::kAssumed:
      return assumed_too;
    case FindingStatus::kNotTried:
    case FindingStatus::kByDesign:
      break;
  }
  return false;
}

bool ComesWithoutFault(const FindingGroup& group) { return group.control > 0; }

bool ComesWithoutSignal(const FindingGroup& group) {
  return AllUnsignalled(group.unsignalled, group.unsignalled_tries);
}

bool ComesWithoutSignal(const Confirmation& confirmation) {
  return AllUnsignalled(confirmation.unsignalled, confirmation.unsignalled_tries);
}

int64_t CameAgain(const FindingGroup& group) {
  return ComesWithoutSignal(group) ? group.unsignalled : group.confirmed;
}

std::string StatusRemark(const FindingGroup& group) {
  std::string remark;
  for (const std::string& part : {Control(group), Signal(group), group.proof.text}) {
    remark += (remark.empty() || part.empty() ? "" : "; ") + part;
  }
  return remark;
}

std::string StatusText(const FindingGroup& group) {
  const std::string remark = StatusRemark(group);
  return fmt::format("{}: {}{}{}", StatusName(StatusOf(group)), Reruns(group),
                     remark.empty() ? "" : "; ", remark);
}

void Apply(const Confirmation& confirmation, FindingGroup& group) {
  group.tries = confirmation.tries;
  group.confirmed = confirmation.confirmed;
  group.control_tries = confirmation.control_tries;
  group.control = confirmation.control;
  group.unsignalled_tries = confirmation.unsignalled_tries;
  group.unsignalled = confirmation.unsignalled;
  group.proof = confirmation.proof;
  group.plan_key = confirmation.plan_key;
  group.scenario = confirmation.scenario;
  group.places = confirmation.places;
  // Whatever failed before it has nothing to do with it.
  if (ComesWithoutFault(group)) {
    group.title = WithoutFailedCall(group.title);
    group.cause.clear();
  }
}

}  // namespace faultline
