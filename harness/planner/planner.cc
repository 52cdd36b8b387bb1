#include "harness/planner/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "harness/base/failure.h"
#include "harness/planner/plan_maker.h"
#include "harness/planner/plan_rules.h"
#include "harness/planner/record_cache.h"
#include "harness/protocol/journal.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

void CheckRequest(const PlanRequest& request) {
  if (request.site_depth < 1 || request.site_depth > protocol::kMaxFrames) {
    throw Failure::BadInput(fmt::format("a site depth of {} is out of range; expected 1 to {}",
                                        request.site_depth, protocol::kMaxFrames));
  }
  if (request.faults.size() > protocol::kMaxRules) {
    throw Failure::BadInput(fmt::format("{} faults in one run; expected at most {}",
                                        request.faults.size(), protocol::kMaxRules));
  }
  if (!request.journal_path.empty() && !request.journal_path.is_absolute()) {
    throw Failure::BadInput(
        fmt::format("the journal's path `{}` is not absolute", request.journal_path.string()));
  }
}

// The request's points, then those whose returns are watched, then those that only faults name;
// each once.
std::vector<const FaultPoint*> AllPoints(const PlanRequest& request) {
  std::vector<const FaultPoint*> points;
  std::unordered_set<std::string> names;
  for (const FaultPoint* point : request.points) {
    if (names.insert(point->name).second) {
      points.push_back(point);
    }
  }
  for (const std::string& watched : request.watch_returns) {
    const FaultPoint* point =
        request.catalogue == nullptr ? nullptr : request.catalogue->FindPoint(watched);
    if (point == nullptr) {
      throw Failure::BadInput(
          fmt::format("there is no point `{}` in the catalogue to be watched", watched));
    }
    if (names.insert(watched).second) {
      points.push_back(point);
    }
  }
  for (const Fault* fault : request.faults) {
    if (names.contains(fault->point)) {
      continue;
    }
    const FaultPoint* point =
        request.catalogue == nullptr ? nullptr : request.catalogue->FindPoint(fault->point);
    if (point == nullptr) {
      std::vector<std::string> known(names.begin(), names.end());
      for (const FaultPoint& other :
           request.catalogue == nullptr ? std::vector<FaultPoint>{} : request.catalogue->points) {
        known.push_back(other.name);
      }
      std::sort(known.begin(), known.end());
      ThrowBadFault(*fault, fmt::format("there is no point `{}` in the catalogue{}", fault->point,
                                        DidYouMean(fault->point, known)));
    }
    names.insert(point->name);
    points.push_back(point);
  }
  return points;
}

// The program and its libraries, each file once. What is no file ("linux-vdso.so.1") has no code
// that could be patched.
std::vector<std::filesystem::path> Modules(const PlanRequest& request) {
  std::vector<std::filesystem::path> modules = {std::filesystem::absolute(request.program)};
  std::unordered_set<std::string> known = {modules.front().string()};
  for (const auto& library : request.libraries) {
    if (library.has_parent_path() && known.insert(library.string()).second) {
      modules.push_back(library);
    }
  }
  return modules;
}

}  // namespace

std::string ToString(PointCoverage::Status status) {
  switch (status) {
    case PointCoverage::Status::kFound:
      return "found";
    case PointCoverage::Status::kInlined:
      return "inlined";
    case PointCoverage::Status::kVariant:
      return "variant";
    case PointCoverage::Status::kRefused:
      return "refused";
    case PointCoverage::Status::kMissing:
      return "missing";
  }
  return "";
}

Plan MakePlan(const PlanRequest& request) {
  CheckRequest(request);
  auto points = AllPoints(request);
  auto modules = Modules(request);
  RecordCache cache(request.cache_dir);
  auto records = cache.Records(modules, PlanMaker::QueryFor(request, points));
  return PlanMaker(request, points, records).Make();
}

}  // namespace faultline
