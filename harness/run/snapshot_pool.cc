#include "harness/run/snapshot_pool.h"

#include <algorithm>

#include "harness/run/executed_cache.h"

namespace faultline {
namespace {

// A carrier that is lost (it did not make a call, or has passed one) is made anew, which takes as
// long as a cold run: it has to serve more than one fork, on average, when some have been lost.
constexpr int64_t kForksPerCarrier = 3;
constexpr int64_t kFreeCarriers = 12;  // forks that the first carriers need not have served

constexpr char kMissed[] = "the target did not make the call this time";
constexpr char kPassed[] =
    "the target made the call before one that came earlier when it was looked at: its threads and "
    "clients do not keep their order";

}  // namespace

Executed ExecutedProgramOf(const RunRequest& request) {
  return request.executed_program.empty()
             ? ExecutedCache(request.cache_dir, request.program, request.scenario, request.profile)
                   .Recall()
             : request.executed_program;
}

const std::map<SiteCall, size_t>& SnapshotPool::Order(const RunRequest& request) {
  const std::lock_guard lock(carrier_mutex_);
  if (!order_) {
    order_.emplace();
    try {
      RunRequest own = request;
      own.executed_program = ExecutedProgramOf(request);
      Carrier scout(own, std::nullopt);
      for (const SiteCall& call : scout.Explore(interruption_)) {
        order_->emplace(call, order_->size());
      }
    } catch (const CannotCarry& cannot) {
      no_scout_ = cannot.what();
    }
  }
  return *order_;
}

std::shared_ptr<Carrier> SnapshotPool::CarrierAt(const RunRequest& request, const SiteCall& call,
                                                 std::string& why) {
  const auto place = order_->find(call);
  if (place == order_->end()) {
    why = !no_scout_.empty() ? no_scout_ : "the target did not make the call when it was looked at";
    return nullptr;
  }
  if (missed_.contains(call)) {
    why = kMissed;
    return nullptr;
  }
  const Clock::time_point begin = Clock::now();
  std::shared_ptr<Carrier> carrier = TakeToCall(request, call, place->second, why);
  const std::lock_guard lock(mutex_);
  counts_.way_ms += MsSince(begin);
  return carrier;
}

std::shared_ptr<Carrier> SnapshotPool::TakeToCall(const RunRequest& request, const SiteCall& call,
                                                  size_t place, std::string& why) {
  const bool is_behind = position_ && *position_ > place;
  if (carrier_ == nullptr || carrier_->is_over() || is_behind) {
    if (forks_ + kFreeCarriers < counts_.carriers * kForksPerCarrier) {
      why = "the target has passed the call";
      return nullptr;
    }
    const std::optional<bool> large_pages =
        carrier_ == nullptr ? large_pages_ : carrier_->large_pages();
    carrier_.reset();
    position_.reset();
    if (!hugepages_ && request.scenario.resources.HugepagesMb() > 0) {
      hugepages_.emplace(0);
    }
    carrier_ = std::make_shared<Carrier>(request, call);
    carrier_->SetLargePages(large_pages);
    const std::lock_guard lock(mutex_);
    ++counts_.carriers;
  }
  if (position_ == place) {
    return carrier_;
  }
  if (position_ && carrier_->HasMade(call)) {
    why = kPassed;
    return nullptr;
  }
  if (!(position_ ? carrier_->GoTo(call, interruption_) : carrier_->AwaitStop(interruption_))) {
    missed_.insert(call);
    why = kMissed;
    return nullptr;
  }
  position_ = place;
  return carrier_;
}

uint64_t SnapshotPool::TakeTicket() {
  const std::lock_guard lock(mutex_);
  return *tickets_.insert(++last_ticket_).first;
}

void SnapshotPool::AwaitTurn(uint64_t ticket) {
  std::unique_lock lock(mutex_);
  WaitFor(turns_, lock, interruption_,
          [&] { return !tickets_.contains(ticket) || *tickets_.begin() == ticket; });
}

void SnapshotPool::GiveUpTurn(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  tickets_.erase(ticket);
  turns_.notify_all();
}

void SnapshotPool::CountCold(const std::string& why, const RunRequest& request) {
  const std::lock_guard lock(mutex_);
  Cold& cold = counts_.cold[why];
  ++cold.runs;
  const std::string point = request.faults.empty() ? "" : request.faults.front().point;
  if (!point.empty() && cold.points.size() < kMostPoints &&
      std::find(cold.points.begin(), cold.points.end(), point) == cold.points.end()) {
    cold.points.push_back(point);
  }
}

void SnapshotPool::GiveUp(const std::string& why) {
  const std::lock_guard lock(mutex_);
  given_up_ = why;
}

std::string SnapshotPool::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

void SnapshotPool::KeepWay(const SiteCall& call, int64_t ms) {
  const std::lock_guard lock(mutex_);
  ways_.emplace(call, ms);
}

std::chrono::milliseconds SnapshotPool::TakeWayOf(const SiteCall& call) {
  const std::lock_guard lock(mutex_);
  const auto found = ways_.find(call);
  return found == ways_.end() ? std::chrono::milliseconds(0) : ways_.extract(found).mapped();
}

SnapshotPool::Counts SnapshotPool::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace faultline
