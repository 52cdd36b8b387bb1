#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

// Evidence of a run in which observed functions were called, without a run: for tests of what is
// concluded from it. The observers are those of an SPDK-like io_device registry and a mempool.
namespace faultline::testkit {

inline Observer MakeObserver(const std::string& name, Observer::Event event,
                             std::optional<int> key_argument) {
  Observer observer;
  observer.name = name;
  observer.registry = name.substr(0, name.find('/'));
  observer.event = event;
  observer.symbols = {"rt_" + observer.registry + "_" + name.substr(name.find('/') + 1)};
  observer.key_argument = key_argument;
  return observer;
}

inline Catalogue ObservedCatalogue() {
  using Event = Observer::Event;
  Catalogue catalogue;
  catalogue.observers = {MakeObserver("io_device/register", Event::kCreate, 0),
                         MakeObserver("io_device/unregister", Event::kDestroy, 0),
                         MakeObserver("io_device/for_each_channel", Event::kUse, 0),
                         MakeObserver("mempool/create", Event::kCreate, std::nullopt),
                         MakeObserver("mempool/free", Event::kDestroy, 0)};
  return catalogue;
}

// Appends journal records; the thread is 1 and the step 0 until said otherwise.
class ObservedRun {
 public:
  ObservedRun() {
    evidence.agent_ready = true;
    evidence.journal.agent_state = protocol::AgentState::kMainReached;
    for (const Observer& observer : catalogue.observers) {
      evidence.observers.push_back(observer.name);
      evidence.hooks.push_back({.symbol = observer.symbols[0],
                                .module = "target",
                                .status = HookReport::Status::kInstalled,
                                .reason = "",
                                .calls = 1});
    }
  }

  protocol::JournalRecord& Call(std::string_view observer, uint64_t key,
                                std::string_view label = "", uint16_t flags = 0) {
    protocol::JournalRecord& record = Append(protocol::JournalRecord::kObserved);
    record.index = static_cast<uint32_t>(
        std::find(evidence.observers.begin(), evidence.observers.end(), observer) -
        evidence.observers.begin());
    record.key = key;
    record.result = observer == "mempool/create" ? key : 0;
    record.flags = flags;
    label.copy(record.label, protocol::kLabelSize - 1);
    return record;
  }
  // A descriptor that is open when the target exits.
  void OpenAtExit(uint64_t number, std::string_view what) {
    protocol::JournalRecord& record = Append(protocol::JournalRecord::kOpenFile);
    record.key = number;
    what.copy(record.label, protocol::kLabelSize - 1);
  }
  // The target has a function with which it begins to unwind: target/unwind.
  void AddUnwindObserver() {
    Observer observer = MakeObserver("target/unwind", Observer::Event::kUnwind, std::nullopt);
    observer.registry.clear();
    catalogue.observers.push_back(observer);
    evidence.observers.push_back(observer.name);
    evidence.hooks.push_back({.symbol = observer.symbols[0],
                              .module = "target",
                              .status = HookReport::Status::kInstalled,
                              .reason = "",
                              .calls = 1});
  }
  protocol::JournalRecord& Inject(const std::string& fault, const std::string& action = "fail") {
    Injection& injection = evidence.injections.emplace_back();
    injection.fault = fault;
    injection.point = "point/of/" + fault;
    injection.action = action;
    injection.step = step;
    return Append(protocol::JournalRecord::kInjected);
  }

  int step = 0;
  uint32_t tid = 1;
  Catalogue catalogue = ObservedCatalogue();
  Evidence evidence;

 protected:
  protocol::JournalRecord& Append(uint16_t kind) {
    std::vector<protocol::JournalRecord>& records = evidence.journal.records;
    protocol::JournalRecord& record = records.emplace_back();
    record.sequence = records.size();
    record.kind = kind;
    record.tid = tid;
    record.step = static_cast<uint32_t>(step);
    return record;
  }
};

}  // namespace faultline::testkit
