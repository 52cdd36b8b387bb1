#include "harness/scenario/load_observer.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {
namespace {

using Event = Observer::Event;

constexpr int kLastObservedArgument = 5;  // of the integer argument registers
constexpr int kMaxStackWords = 32;        // protocol::PlanObserver::stack_words

// Of an object; the other events have no registry and no key.
bool IsOfObject(Event event) { return event != Event::kErrorNote && event != Event::kUnwind; }

const Observer* FindObserver(const Catalogue& catalogue, const std::string& name) {
  const auto found = std::find_if(catalogue.observers.begin(), catalogue.observers.end(),
                                  [&](const Observer& one) { return one.name == name; });
  return found == catalogue.observers.end() ? nullptr : &*found;
}

// `key`: an argument's number, {pointee: N} for what the argument points at, or `result`.
void ReadKey(MapReader& map, Observer& observer) {
  const YamlValue* key = map.Find("key");
  if (!IsOfObject(observer.event)) {
    if (key != nullptr) {
      map.context().diagnostics.Add(key->position, observer.event == Event::kUnwind
                                                       ? "the event unwind has no `key`"
                                                       : "an error note has no `key`");
    }
    return;
  }
  if (key == nullptr) {
    map.Require("key");
    return;
  }
  if (key->kind == YamlValue::Kind::kScalar && key->text == "result") {
    if (!observer.wrap && observer.same_call_as.empty()) {
      map.context().diagnostics.Add(key->position, "`key: result` needs `wrap: true`");
    }
    return;
  }
  const YamlValue* argument = key;
  if (key->kind == YamlValue::Kind::kMap) {
    MapReader reader(*key, "`key`", map.context());
    argument = reader.Require("pointee");
    reader.Finish();
    observer.key_is_pointee = true;
  }
  if (argument != nullptr) {
    if (auto number = ReadInteger(*argument, "`key`", map.context(), 0, kLastObservedArgument)) {
      observer.key_argument = static_cast<int>(*number);
    }
  }
}

// `label`: the argument with the name, or `key` for objects that are known by a number.
void ReadLabel(MapReader& map, Observer& observer) {
  const YamlValue* label = map.Find("label");
  if (label == nullptr) {
    return;
  }
  if (label->kind == YamlValue::Kind::kScalar && label->text == "key") {
    observer.key_is_label = true;
  } else if (auto number =
                 ReadInteger(*label, "`label`", map.context(), 0, kLastObservedArgument)) {
    observer.label_argument = static_cast<int>(*number);
  }
}

// `same_call_as`: an earlier observer that waits for the result.
void CheckSameCall(MapReader& map, const Observer& observer, const Catalogue& catalogue) {
  const SourcePosition position = map.KeyPosition("same_call_as");
  const Observer* other = FindObserver(catalogue, observer.same_call_as);
  std::string wrong;
  if (other == nullptr || !other->same_call_as.empty()) {
    wrong = "is no observer above that has symbols";
  } else if (!other->wrap) {
    wrong = "does not see its result: it needs `wrap: true`";
  } else if (observer.event != Event::kCreate || observer.key_argument.has_value()) {
    wrong = "is seen again for what it makes: `event: create` and `key: result`";
  }
  if (!wrong.empty()) {
    map.context().diagnostics.Add(
        position, fmt::format("`same_call_as`: `{}` {}", observer.same_call_as, wrong));
  }
}

void ReadObject(MapReader& map, Observer& observer) {
  static const Words<Observer::Success> kSuccesses = {{"by_key", Observer::Success::kByKey},
                                                      {"zero", Observer::Success::kResultZero}};
  map.Text("registry", observer.registry);
  if (observer.registry.empty() && IsOfObject(observer.event)) {
    map.Require("registry");
  }
  map.Bool("wrap", observer.wrap);
  ReadKey(map, observer);
  ReadLabel(map, observer);
  map.Bool("counted", observer.counted);
  map.Bool("essential", observer.essential);
  map.Bool("once", observer.once);
  if (observer.once && observer.event != Event::kDestroy) {
    map.context().diagnostics.Add(map.KeyPosition("once"), "`once` is for `event: destroy`");
  }
  map.Bool("stop_waits", observer.stop_waits);
  map.Bool("never_stays", observer.never_stays);
  if (const YamlValue* success = map.Find("success"); success != nullptr) {
    observer.success =
        ReadWord(*success, "success", map.context(), kSuccesses).value_or(observer.success);
    if (!observer.wrap) {
      map.context().diagnostics.Add(success->position, "`success` needs `wrap: true`");
    }
  }
  map.Integer("stack_words", observer.stack_words, 0, kMaxStackWords);
  map.SomeTexts("ignore_callers", observer.ignore_callers, "functions on the stack");
}

}  // namespace

void ReadObserver(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context) {
  static const Words<Event> kEvents = {{"create", Event::kCreate},
                                       {"destroy", Event::kDestroy},
                                       {"use", Event::kUse},
                                       {"error_note", Event::kErrorNote},
                                       {"unwind", Event::kUnwind}};
  CheckHookedName(entry, "an observer", context);
  Catalogue& catalogue = target.catalogue;
  Observer observer;
  observer.name = entry.key;
  observer.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("observer `{}`", entry.key), context);
  map.Text("same_call_as", observer.same_call_as);
  if (observer.same_call_as.empty()) {
    ReadHooked(map, target, {observer.symbols, observer.module, observer.summary, observer.when});
  }
  if (const YamlValue* event = map.Require("event"); event != nullptr) {
    observer.event = ReadWord(*event, "event", context, kEvents).value_or(observer.event);
  }
  ReadObject(map, observer);
  if (!observer.same_call_as.empty()) {
    CheckSameCall(map, observer, catalogue);
  }
  map.Finish();
  if (const Observer* first = FindObserver(catalogue, observer.name); first != nullptr) {
    context.diagnostics.Add(
        observer.position,
        fmt::format("observer `{}` is already at {}", observer.name, first->position.ToString()));
    return;
  }
  catalogue.observers.push_back(std::move(observer));
}

}  // namespace faultline
