#include "harness/evidence/watched_returns.h"

#include <algorithm>

namespace faultline {
namespace {

using protocol::JournalRecord;

WatchedReturn CallOf(const JournalRecord& record, const JournalSnapshot& journal,
                     const std::vector<std::string>& points) {
  WatchedReturn call;
  if (record.index < points.size()) {
    call.point = points[record.index];
  }
  if (record.site < journal.sites.size()) {
    call.site = journal.sites[record.site].hash;
  }
  call.occurrence = record.occurrence;
  call.step = static_cast<int>(record.step);
  call.tid = static_cast<int>(record.tid);
  return call;
}

bool IsSameCall(const WatchedReturn& left, const WatchedReturn& right) {
  return left.point == right.point && left.site == right.site &&
         left.occurrence == right.occurrence && left.tid == right.tid;
}

}  // namespace

std::vector<WatchedReturn> ReadReturns(const JournalSnapshot& journal,
                                       const std::vector<std::string>& points,
                                       const Catalogue& catalogue) {
  std::vector<WatchedReturn> returns;
  for (const JournalRecord& record : journal.records) {
    if (record.kind != JournalRecord::kHitBelow && record.kind != JournalRecord::kReturned) {
      continue;
    }
    WatchedReturn call = CallOf(record, journal, points);
    call.hit_inside =
        record.kind == JournalRecord::kHitBelow || (record.flags & JournalRecord::kHitInside) != 0;
    if (record.kind == JournalRecord::kReturned) {
      // It was told of when the fault hit.
      const auto hit =
          std::find_if(returns.rbegin(), returns.rend(), [&](const WatchedReturn& earlier) {
            return !earlier.returned && IsSameCall(earlier, call);
          });
      if (hit != returns.rend()) {
        call.step = hit->step;
        returns.erase(std::next(hit).base());
      }
      call.returned = true;
      call.value = record.result;
      const FaultPoint* point = catalogue.FindPoint(call.point);
      call.failed = point != nullptr && IsFailure(point->failure, record.result,
                                                  (record.flags & JournalRecord::kErrorNoted) != 0);
    }
    returns.push_back(std::move(call));
  }
  return returns;
}

}  // namespace faultline
