#include "harness/oracle/forgetter.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/common_call.h"
#include "harness/oracle/failed_call.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

bool SameCall(const Frame& a, const Frame& b) {
  return a.module == b.module && a.offset == b.offset;
}

// Is a function that lies outside of `stack[at]`, or that one itself, also inside of it? Then what
// is inside was started by a chain that goes on by calling itself, and not on behalf of the
// function there.
bool IsLinkOfChain(const Stack& stack, size_t at) {
  std::set<std::string> outside;
  for (size_t i = at; i < stack.size(); ++i) {
    outside.insert(stack[i].function);
  }
  return std::any_of(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(at),
                     [&](const Frame& frame) {
                       return !frame.function.empty() && frame.function != "??" &&
                              outside.contains(frame.function);
                     });
}

Forgetter At(const Stack& failed, size_t frame, const Injection& injection) {
  return {failed[frame].function,
          {failed.begin() + static_cast<std::ptrdiff_t>(frame), failed.end()},
          injection.point};
}

}  // namespace

std::string NameInFile(const Frame& frame) {
  return frame.file.empty() ? frame.function
                            : fmt::format("{} ({})", frame.function,
                                          std::filesystem::path(frame.file).filename().string());
}

std::string CauseOfErrorPath(const Forgetter& forgetter) {
  return forgetter.function.empty() ? ""
                                    : fmt::format("the error path of {} forgets what it has made",
                                                  NameInFile(forgetter.at_failure.front()));
}

ForgetterFinder::ForgetterFinder(const Evidence& evidence,
                                 const std::vector<TrackedObject>& tracked, const MetFailure& met,
                                 Symbolizer& symbolizer)
    : evidence_(evidence), tracked_(tracked), met_(met), symbolizer_(symbolizer) {
  // An injection is what a record of its kind tells, in the same order.
  size_t next = 0;
  const std::vector<JournalRecord>& records = evidence.journal.records;
  for (size_t i = 0; i < records.size() && next < evidence.injections.size(); ++i) {
    if (records[i].kind == JournalRecord::kInjected) {
      const Injection& injection = evidence.injections[next++];
      if (IsFailedCall(injection)) {
        failures_.push_back({&injection, i});
      }
    }
  }
}

Forgetter ForgetterFinder::Find(const TrackedObject& object) const {
  const JournalRecord& creation = evidence_.journal.records[object.record];
  const Stack made = BlamedStack(creation, evidence_.journal, symbolizer_);
  for (const Failure& failure : failures_) {
    const JournalRecord& record = evidence_.journal.records[failure.record];
    if (record.tid != creation.tid || record.step != creation.step) {
      continue;
    }
    Forgetter found = FindFor(object, made, failure);
    if (!found.function.empty() && !WasToldNothing(found, *failure.injection)) {
      return found;
    }
  }
  return {};
}

Forgetter ForgetterFinder::FindFor(const TrackedObject& object, const Stack& made,
                                   const Failure& failure) const {
  const Stack failed = BlamedStack(failure.injection->stack);
  std::optional<CommonCall> common = FindCommonCall(made, failed);
  if (!common) {
    return {};
  }
  size_t i = common->in_one;
  size_t j = common->in_other;
  if (failure.record < object.record) {
    // What failed before can have nothing to do with it, unless it failed while it was being made:
    // a call is recorded when it returns.
    const bool inside = i == 0 && j > 0 && SameCall(made[i], failed[j]);
    return inside ? At(failed, j - 1, *failure.injection) : Forgetter();
  }
  const bool again = WasMadeAgain(object, failure.record);
  for (;; ++i, ++j) {
    if (i >= made.size() || j >= failed.size()) {
      return {};
    }
    const CallSite site = CallSiteOf(made[i]);
    const bool same = SameCall(made[i], failed[j]);
    if (same && site.indirect) {
      return {};
    }
    // One run of the function came to both places, or its own loop did.
    if ((!same && !again) || site.in_loop || !site.known) {
      break;
    }
  }
  if (IsLinkOfChain(made, i) || IsLinkOfChain(failed, j)) {
    return {};
  }
  return At(failed, j, *failure.injection);
}

// What was seen is of the first failure.
bool ForgetterFinder::WasToldNothing(const Forgetter& function, const Injection& failure) const {
  const size_t outwards = function.at_failure.size();
  return &failure == failures_.front().injection && met_.stack.size() > outwards &&
         met_.Of(outwards) == Returned::kSuccess;
}

// Was another object made by the same calls later, before record `before`, and given back since?
// Then those calls had been left after the first one.
bool ForgetterFinder::WasMadeAgain(const TrackedObject& object, size_t before) const {
  const auto stack_of = [&](const TrackedObject& one) {
    return evidence_.journal.records[one.record].stack;
  };
  return std::any_of(tracked_.begin(), tracked_.end(), [&](const TrackedObject& other) {
    return other.registry == object.registry && other.record > object.record &&
           other.record < before && other.ended_by && stack_of(other) != protocol::kNone &&
           stack_of(other) == stack_of(object);
  });
}

CallSite ForgetterFinder::CallSiteOf(const Frame& frame) const {
  for (const JournalModule& module : evidence_.journal.modules) {
    if (std::filesystem::path(module.path).filename().string() == frame.module) {
      return symbolizer_.CallSiteOf(module.path, frame.offset);
    }
  }
  return {};
}

}  // namespace faultline
