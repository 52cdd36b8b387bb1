#include "harness/sweep/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <span>
#include <tuple>

#include "harness/protocol/journal.h"
#include "harness/sweep/same_cause.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

using FrameSpan = std::span<const Frame>;
using End = ProofAttempt::End;

// So many frames make a site; what lies further out may be of another call of it.
constexpr size_t kSiteFrames = 16;

bool IsSameFrame(const Frame& a, const Frame& b) {
  return a.offset == b.offset && a.module == b.module && a.function == b.function;
}

// True when `outer` begins with `inner`'s frames, as far as both reach.
bool Continues(FrameSpan inner, FrameSpan outer, bool inner_is_cut) {
  const size_t common = std::min({inner.size(), outer.size(), kSiteFrames});
  const bool whole = inner.size() == outer.size() || common == kSiteFrames ||
                     (inner_is_cut && inner.size() < outer.size());
  return whole && common > 0 &&
         std::equal(inner.begin(), inner.begin() + static_cast<std::ptrdiff_t>(common),
                    outer.begin(), IsSameFrame);
}

// "spdk_bdev_create", "spdk_bdev_create.part.0", "ns::create(int)"; what has no name may be.
bool IsNamed(const Frame& frame, const FaultPoint& point) {
  return frame.function.empty() ||
         std::any_of(point.symbols.begin(), point.symbols.end(), [&](const std::string& symbol) {
           return frame.function == symbol || frame.function.starts_with(symbol + ".") ||
                  frame.function.starts_with(symbol + "(");
         });
}

struct Depth {
  size_t frames = 0;      // of the function and its callees
  bool is_named = false;  // the outermost of them is the function
};

// How deep in a call at `outer` the call at `inner` lies; nothing when it does not. There are no
// frames between when the function is a wrapper, whose frames are left out of stacks, or after a
// tail call.
std::optional<Depth> DepthBelow(const Stack& inner, const Stack& outer, const FaultPoint& point) {
  const bool is_cut = inner.size() >= protocol::kMaxFrames;
  std::optional<Depth> found;
  for (size_t own = 0; own < inner.size(); ++own) {
    if (!Continues(FrameSpan(inner).subspan(own), outer, is_cut)) {
      continue;
    }
    const bool is_named = own > 0 && IsNamed(inner[own - 1], point);
    if (is_named) {
      return Depth{own, true};
    }
    found = found ? found : Depth{own, false};
  }
  return found;
}

std::string WayTo(const std::string& point, FrameSpan own) {
  std::string way = point;
  for (const Frame& frame : own) {
    way += fmt::format(" {}+{:x}", frame.module, frame.offset);
  }
  return way;
}

// A quick look: may a site at `inner` lie below a call at `outer`? These are StoredSite::place,
// which has the innermost kPlaceFunctions functions.
bool MayLieBelow(const std::string& inner, const std::string& outer) {
  constexpr size_t kPlaceFunctions = 12;
  constexpr std::string_view kSeparator = " < ";
  const std::string near = outer.substr(0, outer.find(kSeparator));
  size_t functions = 1;
  for (size_t at = inner.find(kSeparator); at != std::string::npos;
       at = inner.find(kSeparator, at + 1)) {
    ++functions;
  }
  return functions >= kPlaceFunctions || inner.find(near) != std::string::npos;
}

std::string Counted(size_t count, const char* verb_one, const char* verb_many, size_t of) {
  if (count == of) {
    const char* all = of == 1 ? "it" : (of == 2 ? "both" : "all");
    return fmt::format("{} {}", all, of == 1 ? verb_one : verb_many);
  }
  return fmt::format("{} {}", count, count == 1 ? verb_one : verb_many);
}

std::string HowTheyEnd(const std::vector<ProofAttempt>& tried) {
  struct Way {
    End end;
    const char* one;
    const char* many;
  };
  constexpr Way kWays[] = {
      {End::kAborted, "ends in abort()", "end in abort()"},
      {End::kNeverReturned, "ends before it returns", "end before it returns"},
      {End::kSucceeded, "is coped with inside", "are coped with inside"},
      {End::kNotReached, "is not reached when it is to fail",
       "are not reached when they are to fail"},
  };
  std::string text;
  for (const Way& way : kWays) {
    const auto count = static_cast<size_t>(
        std::count_if(tried.begin(), tried.end(),
                      [&](const ProofAttempt& attempt) { return attempt.end == way.end; }));
    if (count > 0) {
      text += (text.empty() ? "" : ", ") + Counted(count, way.one, way.many, tried.size());
    }
  }
  return text;
}

std::string Places(size_t count) { return fmt::format("{} place{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::vector<PlaceBelow> PlacesBelow(const StoredSite& derived, const FaultPoint& point,
                                    const std::vector<StoredSite>& census,
                                    const Catalogue& catalogue) {
  struct Ranked {
    std::tuple<bool, size_t, int, int64_t> rank;
    PlaceBelow place;
  };
  const Stack outer = StackFromJson(derived.stack);
  std::vector<Ranked> ranked;
  for (const StoredSite& site : census) {
    const FaultPoint* below = catalogue.FindPoint(site.point);
    if (below == nullptr || below->kind == FaultPoint::Kind::kDerived || site.point == point.name ||
        !MayLieBelow(site.place, derived.place)) {
      continue;
    }
    const Stack inner = StackFromJson(site.stack);
    if (const auto depth = DepthBelow(inner, outer, point)) {
      ranked.push_back(
          {{!depth->is_named, depth->frames, static_cast<int>(below->kind), site.position},
           {site, below->symbols.front(),
            WayTo(site.point, FrameSpan(inner).first(depth->frames))}});
    }
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  std::vector<PlaceBelow> places;
  for (Ranked& one : ranked) {
    places.push_back(std::move(one.place));
  }
  return places;
}

bool NeedsProof(const SweepPlan& plan, const Catalogue& catalogue) {
  const bool fails = plan.mode == SweepMode::kTransient || plan.mode == SweepMode::kPersistent ||
                     plan.mode == SweepMode::kPair;
  const FaultPoint* point = catalogue.FindPoint(plan.site.point);
  return fails && point != nullptr && point->kind == FaultPoint::Kind::kDerived;
}

SweepPlan PlanBelow(const SweepPlan& plan, const StoredSite& below, SweepMode mode) {
  const auto occurrence = static_cast<int>(
      plan.faults.back().after.empty() ? plan.faults.back().first : plan.faults.front().first);
  SweepPlan lower = MakePlans({below}, {mode}, occurrence).back();
  if (plan.mode == SweepMode::kPair) {
    lower.faults.insert(lower.faults.begin(), plan.faults.front());
    lower.first_site = plan.first_site;
  }
  return lower;
}

ProofAttempt ReadAttempt(const StoredSite& derived, const FindingGroup& finding,
                         const StoredRun& run, const std::vector<WatchedReturn>& returns,
                         const ExitStatus& exit) {
  ProofAttempt attempt;
  attempt.shows = ShowsSameCause(run, finding.signature, finding.cause);
  attempt.is_clean = run.findings.empty();
  const bool aborted = exit.kind == ExitStatus::Kind::kSignaled && exit.code == SIGABRT;
  for (const WatchedReturn& call : returns) {
    if (!call.hit_inside || call.point != derived.point ||
        SiteHashText(call.site) != derived.hash) {
      continue;
    }
    const End end = call.failed     ? End::kFailed
                    : call.returned ? End::kSucceeded
                    : aborted       ? End::kAborted
                                    : End::kNeverReturned;
    attempt.end = std::max(attempt.end, end);
  }
  return attempt;
}

Refutation Refute(const std::string& function, const std::vector<ProofAttempt>& tried,
                  size_t places) {
  Refutation result;
  result.proof.state = StoredProof::State::kMissing;
  std::string& text = result.proof.text;
  const auto failed = static_cast<size_t>(
      std::count_if(tried.begin(), tried.end(),
                    [](const ProofAttempt& attempt) { return attempt.end == End::kFailed; }));
  if (places == 0) {
    text = fmt::format("no place below {} can fail in this scenario", function);
    result.never_fails = true;
  } else if (failed > 0) {
    const bool coped = std::all_of(tried.begin(), tried.end(), [](const ProofAttempt& attempt) {
      return attempt.end != End::kFailed || attempt.is_clean;
    });
    text = fmt::format("{} was seen to fail {}, {}", function,
                       failed == 1 ? "once" : fmt::format("{} times", failed),
                       coped ? (failed == 1 ? "and the target coped" : "the target coped each time")
                             : "without this finding");
  } else {
    const bool all = tried.size() == places;
    text =
        fmt::format("{} was not seen to fail: {} below it{}; {}", function, Places(places),
                    all ? "" : fmt::format(", {} of them tried", tried.size()), HowTheyEnd(tried));
    result.never_fails = all && std::any_of(tried.begin(), tried.end(), [](const ProofAttempt& a) {
                           return a.end != End::kNotReached;
                         });
  }
  return result;
}

StoredProof ProofBy(const PlaceBelow& place) {
  return {StoredProof::State::kProven,
          fmt::format("proven from below: {} in {}", place.symbol,
                      PlaceOf(StackFromJson(place.site.stack), 2)),
          place.site.hash};
}

}  // namespace faultline
