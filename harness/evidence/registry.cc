#include "harness/evidence/registry.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "harness/evidence/registry_coverage.h"

namespace faultline {
namespace {

using protocol::JournalRecord;
using History = RegistryViolation::History;

// One call of an observed function, as a registry takes it.
struct Call {
  size_t record;
  uint64_t key;
  std::string label;
  bool failed = false;    // it created nothing
  bool deferred = false;  // by one of the observer's ignore_callers
};

struct KeyState {
  enum class Life { kNone, kAlive, kEnding, kGone };
  Life life = Life::kNone;
  bool create_failed = false;
  uint32_t references = 0;  // more than the first, of a counted object
  std::string label;
  size_t object = 0;                     // index into RegistryReplay::objects while it is alive
  std::optional<size_t> early_end = {};  // the last call that ended it when it was not alive
};

bool CreationFailed(const JournalRecord& record, const Observer& observer) {
  const bool error_noted = (record.flags & JournalRecord::kErrorNoted) != 0;
  if (observer.success == Observer::Success::kResultZero) {
    // A C function's int: the upper half of the register means nothing.
    return error_noted || static_cast<uint32_t>(record.result) != 0;
  }
  return observer.key_argument ? error_noted : record.result == 0;
}

// One registry while it is replayed.
class Replayer {
 public:
  // `observers`: what JournalRecord::index means, as PlannedObservers gives it.
  Replayer(const std::vector<JournalRecord>& records, const std::vector<const Observer*>& observers,
           RegistryReplay& out)
      : records_(records), observers_(observers), out_(out) {}

  void Apply(const Call& call, const Observer& observer) {
    switch (observer.event) {
      case Observer::Event::kCreate:
        Create(call, observer);
        break;
      case Observer::Event::kDestroy:
        Destroy(call, observer);
        break;
      case Observer::Event::kUse:
        if (!call.deferred) {
          Use(call, observer);
        }
        break;
      case Observer::Event::kErrorNote:  // never journaled: the agent turns it into kErrorNoted
      case Observer::Event::kUnwind:
        break;
    }
  }

  // The name under which `key` was last seen.
  std::string LabelOf(uint64_t key) const {
    const auto state = keys_.find(key);
    return state == keys_.end() ? std::string() : state->second.label;
  }

 private:
  void Create(const Call& call, const Observer& observer) {
    if (call.failed && !observer.key_argument) {
      return;  // its key would have been the result
    }
    KeyState& state = keys_[call.key];
    if (state.life == KeyState::Life::kAlive) {
      state.references += observer.counted && !call.failed ? 1 : 0;
      return;
    }
    const std::string label = call.label.empty() ? state.label : call.label;
    if (call.failed) {
      state.create_failed = true;
      state.label = label;
      return;
    }
    const std::optional<size_t> ended_by = EndedBeforeReturn(call, observer, state);
    state = {.life = ended_by ? KeyState::Life::kEnding : KeyState::Life::kAlive,
             .label = label,
             .object = out_.objects.size()};
    out_.objects.push_back({call.key, label, call.record, ended_by});
  }

  // A thread may have been detached, or joined, before the call that made it comes back, which is
  // when it is recorded: the key is told to others before.
  std::optional<size_t> EndedBeforeReturn(const Call& call, const Observer& observer,
                                          const KeyState& state) const {
    const bool is_told_before = observer.wrap && observer.key_is_pointee;
    return is_told_before && state.early_end &&
                   records_[*state.early_end].tid != records_[call.record].tid
               ? state.early_end
               : std::nullopt;
  }

  void Destroy(const Call& call, const Observer& observer) {
    const bool failed = observer.success == Observer::Success::kResultZero && call.failed;
    if ((observer.key_is_pointee && call.key == 0) || failed) {
      return;
    }
    KeyState& state = keys_[call.key];
    if (state.life == KeyState::Life::kAlive && state.references > 0 && !call.deferred) {
      --state.references;
      return;
    }
    if (state.life == KeyState::Life::kAlive) {
      out_.objects[state.object].ended_by = call.record;
      state.life = KeyState::Life::kEnding;
    } else if (!call.deferred) {
      Report(call, observer, state);
      state.early_end = call.record;
    }
    if (call.deferred) {
      state.life = KeyState::Life::kGone;
    }
  }

  void Use(const Call& call, const Observer& observer) {
    const KeyState& state = keys_[call.key];
    if (state.life == KeyState::Life::kNone || state.life == KeyState::Life::kGone) {
      if (!MayBeBeingMade(call.record)) {
        Report(call, observer, state);
      }
    }
  }

  // A wrapped creation is recorded when it returns, behind the uses that it makes itself.
  bool MayBeBeingMade(size_t index) const {
    const JournalRecord& use = records_[index];
    return (use.flags & JournalRecord::kInsideWrap) != 0 &&
           std::any_of(records_.begin() + static_cast<ptrdiff_t>(index) + 1, records_.end(),
                       [&](const JournalRecord& later) {
                         return later.kind == JournalRecord::kObserved && later.tid == use.tid &&
                                later.key == use.key && IsCreation(later);
                       });
  }

  bool IsCreation(const JournalRecord& record) const {
    return record.index < observers_.size() && observers_[record.index] != nullptr &&
           observers_[record.index]->event == Observer::Event::kCreate;
  }

  void Report(const Call& call, const Observer& observer, const KeyState& state) {
    RegistryViolation& violation = out_.violations.emplace_back();
    violation.event = observer.event;
    violation.history = state.create_failed                   ? History::kCreateFailed
                        : state.life == KeyState::Life::kNone ? History::kNeverCreated
                                                              : History::kDestroyed;
    violation.key = call.key;
    violation.label = call.label.empty() ? state.label : call.label;
    violation.observer = observer.name;
    violation.record = call.record;
  }

  const std::vector<JournalRecord>& records_;
  const std::vector<const Observer*>& observers_;
  RegistryReplay& out_;
  std::map<uint64_t, KeyState> keys_;
};

// By record index; nullptr for what the catalogue does not have.
std::vector<const Observer*> PlannedObservers(const Evidence& evidence,
                                              const Catalogue& catalogue) {
  std::vector<const Observer*> planned;
  for (const std::string& name : evidence.observers) {
    const auto at = std::find_if(catalogue.observers.begin(), catalogue.observers.end(),
                                 [&](const Observer& observer) { return observer.name == name; });
    planned.push_back(at != catalogue.observers.end() ? &*at : nullptr);
  }
  return planned;
}

// All registries of a catalogue, fed record by record.
class AllReplayers {
 public:
  AllReplayers(const Evidence& evidence, const Catalogue& catalogue)
      : records_(evidence.journal.records), observers_(PlannedObservers(evidence, catalogue)) {
    for (const Observer& observer : catalogue.observers) {
      if (!observer.registry.empty()) {
        replays_[observer.registry].registry = observer.registry;
      }
      if (!observer.same_call_as.empty()) {
        seen_again_.emplace(observer.same_call_as, &observer);
      }
    }
    for (auto& [name, replay] : replays_) {
      SayWhatIsSeen(evidence, catalogue, replay);
      replayers_.emplace(name, Replayer(records_, observers_, replay));
    }
  }

  // The record at `index`; false at a gap in front of it.
  bool Take(size_t index) {
    const JournalRecord& record = records_[index];
    if (record.sequence != index + 1) {
      return false;
    }
    if ((record.flags & JournalRecord::kInChild) != 0 || record.kind != JournalRecord::kObserved ||
        record.index >= observers_.size() || observers_[record.index] == nullptr) {
      return true;
    }
    const Observer& observer = *observers_[record.index];
    const auto replayer = replayers_.find(observer.registry);
    if (replayer != replayers_.end()) {
      const bool deferred = (record.flags & JournalRecord::kFromIgnoredCaller) != 0;
      const std::string label =
          observer.key_is_label ? std::to_string(record.key) : std::string(record.label);
      replayer->second.Apply({index, record.key, label, CreationFailed(record, observer), deferred},
                             observer);
      SeeAgain(index, observer, replayer->second);
    }
    return true;
  }

  std::vector<RegistryReplay> Finish(bool whole) {
    std::vector<RegistryReplay> out;
    for (auto& [name, replay] : replays_) {
      replay.ends_seen &= whole;
      out.push_back(std::move(replay));
    }
    return out;
  }

 private:
  // What a call makes bears the name of what it uses: a channel that of its device.
  void SeeAgain(size_t index, const Observer& observer, const Replayer& of_used) {
    const JournalRecord& record = records_[index];
    const auto [begin, end] = seen_again_.equal_range(observer.name);
    for (auto again = begin; again != end; ++again) {
      const Observer& maker = *again->second;
      const Call call{index, record.result, of_used.LabelOf(record.key), record.result == 0};
      replayers_.at(maker.registry).Apply(call, maker);
    }
  }

  const std::vector<JournalRecord>& records_;
  const std::vector<const Observer*> observers_;
  std::map<std::string, RegistryReplay> replays_;
  std::map<std::string, Replayer> replayers_;
  std::multimap<std::string, const Observer*> seen_again_;
};

}  // namespace

std::vector<RegistryObject> RegistryReplay::Alive() const {
  std::vector<RegistryObject> alive;
  std::copy_if(objects.begin(), objects.end(), std::back_inserter(alive),
               [](const RegistryObject& object) { return !object.ended_by; });
  return alive;
}

std::vector<RegistryReplay> ReplayRegistries(const Evidence& evidence, const Catalogue& catalogue) {
  AllReplayers replayers(evidence, catalogue);
  size_t taken = 0;
  while (taken < evidence.journal.records.size() && replayers.Take(taken)) {
    ++taken;
  }
  return replayers.Finish(taken == evidence.journal.records.size());
}

}  // namespace faultline
