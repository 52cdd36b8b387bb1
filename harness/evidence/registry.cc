#include "harness/evidence/registry.h"

#include <algorithm>
#include <map>
#include <utility>

namespace faultline {
namespace {

using protocol::JournalRecord;
using History = RegistryViolation::History;

struct KeyState {
  enum class Life { kNone, kAlive, kEnding, kGone };
  Life life = Life::kNone;
  bool create_failed = false;
  std::string label;
  size_t created_by = 0;  // record
};

// One registry while it is replayed.
class Replayer {
 public:
  Replayer(const std::vector<JournalRecord>& records, RegistryReplay& out)
      : records_(records), out_(out) {}

  void Apply(size_t index, const Observer& observer) {
    const bool ignored = (records_[index].flags & JournalRecord::kFromIgnoredCaller) != 0;
    switch (observer.event) {
      case Observer::Event::kCreate:
        Create(index, observer);
        break;
      case Observer::Event::kDestroy:
        Destroy(index, observer, ignored);
        break;
      case Observer::Event::kUse:
        if (!ignored) {
          Use(index, observer);
        }
        break;
      case Observer::Event::kErrorNote:
        break;  // never journaled: the agent turns it into kErrorNoted
    }
  }

  void Finish() {
    for (const auto& [key, state] : keys_) {
      if (state.life == KeyState::Life::kAlive) {
        out_.alive.push_back({key, state.label, state.created_by});
      }
    }
    std::sort(out_.alive.begin(), out_.alive.end(),
              [](const auto& a, const auto& b) { return a.record < b.record; });
  }

 private:
  void Create(size_t index, const Observer& observer) {
    const JournalRecord& record = records_[index];
    const bool failed = observer.key_argument ? (record.flags & JournalRecord::kErrorNoted) != 0
                                              : record.result == 0;
    if (failed && observer.key_argument) {
      FailCreation(index);
      return;
    }
    if (failed) {
      return;  // its key would have been the result
    }
    KeyState& state = keys_[record.key];
    if (state.life != KeyState::Life::kAlive) {
      state = {KeyState::Life::kAlive, /*create_failed=*/false, LabelOf(record, state), index};
    }
  }

  void FailCreation(size_t index) {
    KeyState& state = keys_[records_[index].key];
    if (state.life != KeyState::Life::kAlive) {
      state.create_failed = true;
      state.label = LabelOf(records_[index], state);
    }
  }

  void Destroy(size_t index, const Observer& observer, bool deferred) {
    KeyState& state = keys_[records_[index].key];
    if (deferred) {
      state.life = KeyState::Life::kGone;
    } else if (state.life == KeyState::Life::kAlive) {
      state.life = KeyState::Life::kEnding;
    } else {
      Report(index, observer, state);
    }
  }

  void Use(size_t index, const Observer& observer) {
    const KeyState& state = keys_[records_[index].key];
    if (state.life == KeyState::Life::kNone || state.life == KeyState::Life::kGone) {
      if (!IsInsideAnotherCall(index)) {
        Report(index, observer, state);
      }
    }
  }

  // A wrapped creation is recorded when it returns, behind the uses that it makes itself: whether
  // the object is alive cannot be said while another observed call of the thread is going on.
  bool IsInsideAnotherCall(size_t index) const {
    const JournalRecord& use = records_[index];
    return (use.flags & JournalRecord::kInsideWrap) != 0 &&
           std::any_of(records_.begin() + static_cast<ptrdiff_t>(index) + 1, records_.end(),
                       [&](const JournalRecord& later) {
                         return later.kind == JournalRecord::kObserved && later.tid == use.tid &&
                                later.key == use.key;
                       });
  }

  static std::string LabelOf(const JournalRecord& record, const KeyState& state) {
    return record.label[0] != '\0' ? std::string(record.label) : state.label;
  }

  void Report(size_t index, const Observer& observer, const KeyState& state) {
    RegistryViolation& violation = out_.violations.emplace_back();
    violation.event = observer.event;
    violation.history = state.create_failed                   ? History::kCreateFailed
                        : state.life == KeyState::Life::kNone ? History::kNeverCreated
                                                              : History::kDestroyed;
    violation.key = records_[index].key;
    violation.label = LabelOf(records_[index], state);
    violation.observer = observer.name;
    violation.record = index;
  }

  const std::vector<JournalRecord>& records_;
  RegistryReplay& out_;
  std::map<uint64_t, KeyState> keys_;
};

// Is `hooked`, a symbol as the file has it, the function `name`? Versions and clone suffixes follow
// behind '@' and '.'.
bool IsSymbol(const std::string& hooked, const std::string& name) {
  return hooked.starts_with(name) &&
         (hooked.size() == name.size() || hooked[name.size()] == '@' || hooked[name.size()] == '.');
}

// Every creation is seen when at least one function that creates is hooked and none was refused.
void SayWhetherComplete(const Evidence& evidence, const Catalogue& catalogue, RegistryReplay& out) {
  bool hooked = false;
  for (const Observer& observer : catalogue.observers) {
    if (observer.registry != out.registry || observer.event != Observer::Event::kCreate) {
      continue;
    }
    for (const HookReport& hook : evidence.hooks) {
      if (std::none_of(observer.symbols.begin(), observer.symbols.end(),
                       [&](const std::string& symbol) { return IsSymbol(hook.symbol, symbol); })) {
        continue;
      }
      if (hook.status == HookReport::Status::kRefused) {
        out.why_not = hook.symbol + " could not be hooked: " + hook.reason;
      }
      hooked |= hook.status == HookReport::Status::kInstalled;
    }
  }
  if (!hooked && out.why_not.empty()) {
    out.why_not = "no function that creates objects of registry " + out.registry + " is hooked";
  }
  out.complete = out.why_not.empty();
}

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

}  // namespace

std::vector<RegistryReplay> ReplayRegistries(const Evidence& evidence, const Catalogue& catalogue) {
  std::map<std::string, RegistryReplay> replays;
  for (const Observer& observer : catalogue.observers) {
    if (observer.event != Observer::Event::kErrorNote) {
      replays[observer.registry].registry = observer.registry;
    }
  }
  const std::vector<JournalRecord>& records = evidence.journal.records;
  std::map<std::string, Replayer> replayers;
  for (auto& [name, replay] : replays) {
    SayWhetherComplete(evidence, catalogue, replay);
    replayers.emplace(name, Replayer(records, replay));
  }
  const std::vector<const Observer*> observers = PlannedObservers(evidence, catalogue);
  uint64_t expected_sequence = 1;
  for (size_t i = 0; i < records.size(); ++i) {
    const JournalRecord& record = records[i];
    if (record.sequence != expected_sequence++) {
      break;
    }
    if ((record.flags & JournalRecord::kInChild) != 0 || record.kind != JournalRecord::kObserved ||
        record.index >= observers.size() || observers[record.index] == nullptr) {
      continue;
    }
    const Observer& observer = *observers[record.index];
    const auto replayer = replayers.find(observer.registry);
    if (replayer != replayers.end()) {
      replayer->second.Apply(i, observer);
    }
  }
  std::vector<RegistryReplay> out;
  for (auto& [name, replay] : replays) {
    replayers.at(name).Finish();
    out.push_back(std::move(replay));
  }
  return out;
}

}  // namespace faultline
