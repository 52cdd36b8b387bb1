#include "harness/oracle/tracked_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "harness/evidence/registry.h"
#include "harness/protocol/layout.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// Enough to tell apart who asked for memory, few enough to be the same on every way there.
constexpr size_t kGroupFrames = 6;

uint64_t HashOfStack(const JournalSnapshot& journal, uint32_t index) {
  uint64_t hash = 0;
  if (index >= journal.stacks.size()) {
    return hash;
  }
  const std::vector<uint64_t>& frames = journal.stacks[index].frames;
  for (size_t i = 0; i < std::min(frames.size(), kGroupFrames); ++i) {
    const uint32_t module = protocol::FrameModule(frames[i]);
    if (module < journal.modules.size()) {
      hash = protocol::HashMix(
          hash, protocol::HashText(
                    std::filesystem::path(journal.modules[module].path).filename().string()));
      hash = protocol::HashMix(hash, protocol::FrameOffset(frames[i]));
    }
  }
  return hash;
}

// Which call was going on when a record was written, and what it made or ended.
class CallIndex {
 public:
  explicit CallIndex(const Evidence& evidence)
      : records_(evidence.journal.records), outermost_(records_.size()) {
    // A wrapped call is recorded when it returns, behind all that happens in it.
    std::map<uint32_t, size_t> next;  // by thread
    for (size_t i = records_.size(); i-- > 0;) {
      const JournalRecord& record = records_[i];
      if (record.kind != JournalRecord::kObserved) {
        continue;
      }
      const auto call = next.find(record.tid);
      if ((record.flags & JournalRecord::kInsideWrap) == 0) {
        next[record.tid] = i;
      } else if (call != next.end()) {
        outermost_[i] = call->second;
      }
    }
  }

  void Add(uint64_t key, size_t index, const TrackedObject& object) {
    by_key_[key].push_back({index, object.record});
    if (object.ended_by) {
      by_end_[*object.ended_by] = index;
    }
  }

  // The object that has the address which the outermost call made or returned.
  std::optional<size_t> FindMade(size_t index, const std::vector<TrackedObject>& tracked) const {
    const std::optional<size_t> call = outermost_[tracked[index].record];
    if (!call) {
      return std::nullopt;
    }
    std::optional<size_t> whole;
    for (const uint64_t key : {records_[*call].key, records_[*call].result}) {
      const auto objects = by_key_.find(key);
      if (key == 0 || objects == by_key_.end()) {
        continue;
      }
      for (const auto& [candidate, record] : objects->second) {
        const bool made_by_it = record <= *call && record >= tracked[index].record;
        if (candidate != index && made_by_it) {
          whole = candidate;
        }
      }
    }
    return whole;
  }

  std::optional<size_t> FindEnded(size_t index, const std::vector<TrackedObject>& tracked) const {
    const std::optional<size_t> end = tracked[index].ended_by;
    const std::optional<size_t> call = end ? outermost_[*end] : std::nullopt;
    const auto whole = call ? by_end_.find(*call) : by_end_.end();
    return whole == by_end_.end() ? std::nullopt : std::optional(whole->second);
  }

 private:
  const std::vector<JournalRecord>& records_;
  std::vector<std::optional<size_t>> outermost_;                       // by record
  std::map<size_t, size_t> by_end_;                                    // record: object
  std::map<uint64_t, std::vector<std::pair<size_t, size_t>>> by_key_;  // (object, its record)
};

// Is a function of `observer` hooked?
bool IsSeen(const Observer& observer, const Evidence& evidence) {
  return std::any_of(evidence.hooks.begin(), evidence.hooks.end(), [&](const HookReport& hook) {
    return hook.status == HookReport::Status::kInstalled &&
           std::find(observer.symbols.begin(), observer.symbols.end(), hook.symbol) !=
               observer.symbols.end();
  });
}

}  // namespace

std::string WithoutNumbers(const std::string& text) {
  std::string without;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      without += c;
    } else if (without.empty() || without.back() != '#') {
      without += '#';
    }
  }
  return without;
}

std::vector<TrackedObject> TrackObjects(const Evidence& evidence, const Catalogue& catalogue) {
  std::vector<TrackedObject> tracked;
  CallIndex calls(evidence);
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    if (!replay.ends_seen) {
      continue;
    }
    for (const RegistryObject& object : replay.objects) {
      TrackedObject& one = tracked.emplace_back();
      one.registry = replay.registry;
      one.label = WithoutNumbers(object.label);
      const uint32_t stack = evidence.journal.records[object.record].stack;
      one.group = one.label.empty() ? fmt::format("{} at {:016x}", one.registry,
                                                  HashOfStack(evidence.journal, stack))
                                    : fmt::format("{} `{}'", one.registry, one.label);
      one.record = object.record;
      one.ended_by = object.ended_by;
      calls.Add(object.key, tracked.size() - 1, one);
    }
  }
  for (size_t i = 0; i < tracked.size(); ++i) {
    tracked[i].made_in = calls.FindMade(i, tracked);
    tracked[i].ended_in = calls.FindEnded(i, tracked);
  }
  return tracked;
}

std::optional<size_t> BeginOfUnwinding(const Evidence& evidence, const Catalogue& catalogue) {
  std::set<std::string_view> names;
  for (const Observer& observer : catalogue.observers) {
    if (observer.event == Observer::Event::kUnwind) {
      names.insert(observer.name);
    }
  }
  const std::vector<JournalRecord>& records = evidence.journal.records;
  const auto first = std::find_if(records.begin(), records.end(), [&](const auto& record) {
    return record.kind == JournalRecord::kObserved && record.index < evidence.observers.size() &&
           names.contains(evidence.observers[record.index]);
  });
  return first == records.end() ? std::nullopt
                                : std::optional(static_cast<size_t>(first - records.begin()));
}

bool HasUnwound(const Evidence& evidence, const Catalogue& catalogue, const Profile& profile) {
  if (BeginOfUnwinding(evidence, catalogue)) {
    return true;
  }
  const bool seen = std::any_of(
      catalogue.observers.begin(), catalogue.observers.end(), [&](const Observer& observer) {
        return observer.event == Observer::Event::kUnwind && IsSeen(observer, evidence);
      });
  const std::vector<int>& clean = profile.clean_exit_codes;
  return !seen && evidence.asked_to_stop &&
         std::find(clean.begin(), clean.end(), evidence.exit.code) != clean.end();
}

}  // namespace faultline
