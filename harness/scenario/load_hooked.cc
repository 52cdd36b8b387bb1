#include "harness/scenario/load_hooked.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "harness/scenario/load_condition.h"
#include "harness/scenario/map_reader.h"
#include "harness/scenario/named_values.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr int kLastArgument = 5;    // of the integer argument registers
constexpr int kMaxStackWords = 32;  // protocol::PlanObserver::stack_words

bool IsPointName(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.back() != '/' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-/") ==
             std::string_view::npos;
}

void CheckName(const YamlValue::Entry& entry, std::string_view what, ReadContext& context) {
  if (!IsPointName(entry.key)) {
    context.diagnostics.Add(entry.key_position,
                            fmt::format("`{}` is no name of {}; expected lower-case words, digits, "
                                        "`_` and `-`, parted by `/`",
                                        entry.key, what));
  }
}

// null, void (nothing is returned: the call is just left out), a number, or an errno's name with or
// without a minus.
std::optional<int64_t> ReadResult(const YamlValue& value, ReadContext& context) {
  if (value.kind == YamlValue::Kind::kNull) {
    return 0;
  }
  constexpr std::string_view kExpected =
      "null, void, false, MAP_FAILED, a whole number, or an errno as -ENOMEM";
  if (value.kind != YamlValue::Kind::kScalar) {
    ReportWrongType(value, "`result`", kExpected, context);
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadText(value, "`result`", context);
  if (!text.has_value()) {
    return std::nullopt;
  }
  if (*text == "void" || *text == "false") {
    return 0;
  }
  if (*text == "MAP_FAILED") {
    return -1;
  }
  const bool negative = text->starts_with("-E");
  if (const auto error = ErrnoByName(text->substr(negative ? 1 : 0)); error.has_value()) {
    return negative ? -*error : *error;
  }
  if (negative || text->starts_with('E')) {
    ReportUnknownWord(value.position, "errno", text->substr(negative ? 1 : 0), ErrnoNames(),
                      context);
    return std::nullopt;
  }
  const std::optional<int64_t> number = ParseInteger(*text);
  if (!number.has_value()) {
    ReportWrongType(value, "`result`", kExpected, context);
  }
  return number;
}

// `fails`: {result, errno, and any of the catalogue's error variables}. Whether those are declared
// can only be said when all files have been read; see CheckErrorVariables.
void ReadFailure(const YamlValue& value, FailureValue& failure, ReadContext& context) {
  MapReader map(value, "`fails`", context);
  if (const YamlValue* result = map.Require("result"); result != nullptr) {
    failure.result = ReadResult(*result, context).value_or(0);
  }
  if (const YamlValue* error = map.Find("errno"); error != nullptr) {
    failure.errno_value = ReadErrno(*error, "`errno`", context).value_or(0);
  }
  for (const YamlValue::Entry& entry : value.entries) {
    if (entry.key.ends_with("_errno")) {
      map.Find(entry.key);
      if (const auto number = ReadErrno(*entry.value, entry.key, context); number.has_value()) {
        failure.error_variables[entry.key] = *number;
      }
    }
  }
  map.Finish();
}

// Keys that points and observers share.
template <typename Hooked>
void ReadHooked(MapReader& map, const HookTarget& target, Hooked& hooked) {
  if (const YamlValue* symbols = map.Require("symbols"); symbols != nullptr) {
    hooked.symbols = ReadTexts(*symbols, "`symbols`", map.context());
    if (hooked.symbols.empty()) {
      map.context().diagnostics.Add(symbols->position, "`symbols` is empty; expected functions");
    }
  }
  hooked.module = target.module;
  map.Text("module", hooked.module);
  map.Text("summary", hooked.summary);
  if (const YamlValue* when = map.Find("when"); when != nullptr) {
    hooked.when = ReadConditions(*when, map.context());
  }
}

// `key`: an argument's number, or `result`. An error note has none.
void ReadKey(MapReader& map, Observer& observer) {
  const YamlValue* key = map.Find("key");
  if (observer.event == Observer::Event::kErrorNote) {
    if (key != nullptr) {
      map.context().diagnostics.Add(key->position, "an error note has no `key`");
    }
    return;
  }
  if (key == nullptr) {
    map.Require("key");
    return;
  }
  if (key->kind == YamlValue::Kind::kScalar && key->text == "result") {
    if (!observer.wrap) {
      map.context().diagnostics.Add(key->position, "`key: result` needs `wrap: true`");
    }
    return;
  }
  if (auto number = ReadInteger(*key, "`key`", map.context(), 0, kLastArgument);
      number.has_value()) {
    observer.key_argument = static_cast<int>(*number);
  }
}

}  // namespace

void ReadPoint(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context) {
  Catalogue& catalogue = target.catalogue;
  CheckName(entry, "a fault point", context);
  FaultPoint point;
  point.name = entry.key;
  point.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("point `{}`", entry.key), context);
  ReadHooked(map, target, point);
  if (const YamlValue* fails = map.Require("fails"); fails != nullptr) {
    ReadFailure(*fails, point.failure, context);
  }
  map.Finish();
  if (const FaultPoint* first = catalogue.FindPoint(point.name); first != nullptr) {
    context.diagnostics.Add(point.position, fmt::format("point `{}` is already at {}", point.name,
                                                        first->position.ToString()));
    return;
  }
  catalogue.points.push_back(std::move(point));
}

void ReadObserver(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context) {
  static const Words<Observer::Event> kEvents = {{"create", Observer::Event::kCreate},
                                                 {"destroy", Observer::Event::kDestroy},
                                                 {"use", Observer::Event::kUse},
                                                 {"error_note", Observer::Event::kErrorNote}};
  CheckName(entry, "an observer", context);
  Observer observer;
  observer.name = entry.key;
  observer.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("observer `{}`", entry.key), context);
  ReadHooked(map, target, observer);
  if (const YamlValue* event = map.Require("event"); event != nullptr) {
    observer.event = ReadWord(*event, "event", context, kEvents).value_or(observer.event);
  }
  map.Text("registry", observer.registry);
  if (observer.registry.empty() && observer.event != Observer::Event::kErrorNote) {
    map.Require("registry");
  }
  map.Bool("wrap", observer.wrap);
  ReadKey(map, observer);
  if (const YamlValue* label = map.Find("label"); label != nullptr) {
    if (auto number = ReadInteger(*label, "`label`", context, 0, kLastArgument);
        number.has_value()) {
      observer.label_argument = static_cast<int>(*number);
    }
  }
  map.Integer("stack_words", observer.stack_words, 0, kMaxStackWords);
  map.Texts("ignore_callers", observer.ignore_callers);
  map.Finish();
  Catalogue& catalogue = target.catalogue;
  const auto first = std::find_if(catalogue.observers.begin(), catalogue.observers.end(),
                                  [&](const Observer& one) { return one.name == observer.name; });
  if (first != catalogue.observers.end()) {
    context.diagnostics.Add(
        observer.position,
        fmt::format("observer `{}` is already at {}", observer.name, first->position.ToString()));
    return;
  }
  catalogue.observers.push_back(std::move(observer));
}

}  // namespace faultline
