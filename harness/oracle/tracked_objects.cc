#include "harness/oracle/tracked_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <utility>

#include "harness/evidence/registry.h"
#include "harness/oracle/signature.h"
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

size_t RunLength(const std::string& text, size_t begin, int (*belongs)(int)) {
  size_t end = begin;
  while (end < text.size() && belongs(static_cast<unsigned char>(text[end])) != 0) {
    ++end;
  }
  return end - begin;
}

// Of what begins at `at` and differs from run to run; 0 when nothing does.
size_t SizeOfNumber(const std::string& text, size_t at) {
  constexpr size_t kHash = 8;
  const bool begins_word = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
  const size_t hexadecimal = RunLength(text, at, std::isxdigit);
  if (text.compare(at, 2, "0x") == 0 && RunLength(text, at + 2, std::isxdigit) > 0) {
    return 2 + RunLength(text, at + 2, std::isxdigit);
  }
  if (const size_t uuid = begins_word ? UuidSize(text, at) : 0; uuid > 0) {
    return uuid;
  }
  if (begins_word && hexadecimal >= kHash && RunLength(text, at, std::isalnum) == hexadecimal &&
      text.find_first_of("0123456789", at) < at + hexadecimal) {
    return hexadecimal;
  }
  return RunLength(text, at, std::isdigit);
}

}  // namespace

std::string WithoutNumbers(const std::string& text) {
  std::string without;
  size_t at = 0;
  while (at < text.size()) {
    const size_t number = SizeOfNumber(text, at);
    if (number == 0) {
      without += text[at++];
      continue;
    }
    at += number;
    if (without.empty() || without.back() != '#') {
      without += '#';
    }
  }
  return without;
}

Stack WithoutMakers(const Stack& stack, const Catalogue& catalogue) {
  const auto is_maker = [&](const Frame& frame) {
    return std::any_of(
        catalogue.observers.begin(), catalogue.observers.end(), [&](const Observer& observer) {
          return observer.event == Observer::Event::kCreate &&
                 std::find(observer.symbols.begin(), observer.symbols.end(), frame.function) !=
                     observer.symbols.end();
        });
  };
  return {std::find_if_not(stack.begin(), stack.end(), is_maker), stack.end()};
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
      one.name = object.label;
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

}  // namespace faultline
