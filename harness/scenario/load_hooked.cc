#include "harness/scenario/load_hooked.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/scenario/load_condition.h"
#include "harness/scenario/map_reader.h"
#include "harness/scenario/named_values.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr int kLastReplaced = 5;  // of the integer argument registers
constexpr int kLastHookOffset = 4096;

// null, void (nothing is returned: the call is just left out), a number, or an errno's name with or
// without a minus. Sets `failure`'s shape too.
std::optional<int64_t> ReadResult(const YamlValue& value, FailureValue& failure,
                                  ReadContext& context) {
  using Shape = FailureValue::Shape;
  if (value.kind == YamlValue::Kind::kNull) {
    failure.shape = Shape::kPointer;
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
    failure.shape = *text == "void" ? Shape::kVoid : Shape::kBool;
    return 0;
  }
  if (*text == "MAP_FAILED") {
    failure.shape = Shape::kPointer;
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
    failure.result = ReadResult(*result, failure, context).value_or(0);
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

// `file`: {descriptor: N}, {stream: N} or `stdout`.
std::optional<FileArgument> ReadFileArgument(const YamlValue& value, ReadContext& context) {
  constexpr std::string_view kExpected = "{descriptor: ARGUMENT}, {stream: ARGUMENT} or stdout";
  if (value.kind == YamlValue::Kind::kScalar) {
    if (ReadText(value, "`file`", context).value_or("") == "stdout") {
      return FileArgument{FileArgument::Kind::kStdout, 0};
    }
    ReportWrongType(value, "`file`", kExpected, context);
    return std::nullopt;
  }
  MapReader map(value, "`file`", context);
  FileArgument file;
  const bool is_stream = map.Find("stream") != nullptr;
  if (is_stream == (map.Find("descriptor") != nullptr)) {
    ReportWrongType(value, "`file`", kExpected, context);
    return std::nullopt;
  }
  file.kind = is_stream ? FileArgument::Kind::kStream : FileArgument::Kind::kDescriptor;
  map.Integer(is_stream ? "stream" : "descriptor", file.argument, 0, 5);
  map.Finish();
  return file;
}

// `instead`: what is replaced so that the original fails by itself.
Replacement ReadReplacement(const YamlValue& value, ReadContext& context) {
  static const Words<int> kTypes = {{"long", 8}, {"int", 4}, {"short", 2}, {"byte", 1}};
  Replacement replacement;
  MapReader map(value, "a replacement", context);
  if (map.Find("pointee") != nullptr) {
    replacement.kind = Replacement::Kind::kPointee;
    map.Integer("pointee", replacement.argument, 0, kLastReplaced);
    map.Integer("offset", replacement.offset, 0, kLastHookOffset);
    if (const YamlValue* type = map.Find("type"); type != nullptr) {
      replacement.width = ReadWord(*type, "type", context, kTypes).value_or(replacement.width);
    }
  } else {
    map.Require("argument");
    map.Integer("argument", replacement.argument, 0, kLastReplaced);
    map.Text("text", replacement.text);
  }
  if (replacement.kind == Replacement::Kind::kPointee || map.Find("text") == nullptr) {
    if (const YamlValue* number = map.Require("value"); number != nullptr) {
      replacement.value =
          ReadInteger(*number, "`value`", context, std::numeric_limits<int64_t>::min(),
                      std::numeric_limits<int64_t>::max())
              .value_or(0);
    }
    if (replacement.kind != Replacement::Kind::kPointee) {
      replacement.kind = Replacement::Kind::kNumber;
    }
  }
  map.Finish();
  return replacement;
}

// How a failure comes about when the original is not just left out: `after_call`, `instead`.
void ReadCourse(MapReader& map, FaultPoint& point) {
  map.Bool("after_call", point.after_call);
  const YamlValue* instead = map.Find("instead");
  if (instead != nullptr && instead->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*instead, "`instead`", "a list of replacements", map.context());
  } else if (instead != nullptr) {
    int pointees = 0;
    for (const YamlPtr& item : instead->items) {
      point.instead.push_back(ReadReplacement(*item, map.context()));
      pointees += point.instead.back().kind == Replacement::Kind::kPointee ? 1 : 0;
    }
    if (pointees > 1) {
      map.context().diagnostics.Add(instead->position,
                                    "`instead` replaces several pointees; expected at most one");
    }
    if (point.after_call) {
      map.context().diagnostics.Add(map.KeyPosition("instead"),
                                    "`instead` makes the call fail, `after_call` lets it succeed; "
                                    "expected one of them");
    }
  }
  if (const YamlValue* held = map.Find("held_by_another"); held != nullptr) {
    int argument = 0;
    map.Integer("held_by_another", argument, 0, kLastReplaced);
    point.held_by_another = argument;
  }
}

bool IsPointName(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.back() != '/' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-/") ==
             std::string_view::npos;
}

// `fails_when`: why the environment refuses the call, or the state in which it fails. A leaf or a
// state without one is a failure that nobody has shown to be possible.
void ReadFailsWhen(MapReader& map, FaultPoint& point) {
  const bool derived = point.kind == FaultPoint::Kind::kDerived;
  const YamlValue* text = derived ? map.Find("fails_when") : map.Require("fails_when");
  if (text == nullptr) {
    return;
  }
  if (derived) {
    map.context().diagnostics.Add(
        map.KeyPosition("fails_when"),
        fmt::format("`fails_when` is for `kind: leaf` and `kind: state`; {} is derived: it fails "
                    "when something below it does",
                    map.what()));
    return;
  }
  map.Text("fails_when", point.fails_when);
  if (text->kind == YamlValue::Kind::kScalar && point.fails_when.empty()) {
    map.context().diagnostics.Add(text->position,
                                  "`fails_when` is empty; expected what makes the call fail");
  }
}

}  // namespace

void ReadKind(MapReader& map, FaultPoint::Kind& out) {
  static const Words<FaultPoint::Kind> kKinds = {{"leaf", FaultPoint::Kind::kLeaf},
                                                 {"state", FaultPoint::Kind::kState},
                                                 {"derived", FaultPoint::Kind::kDerived}};
  if (const YamlValue* kind = map.Find("kind"); kind != nullptr) {
    out = ReadWord(*kind, "kind", map.context(), kKinds).value_or(out);
  }
}

void CheckHookedName(const YamlValue::Entry& entry, std::string_view what, ReadContext& context) {
  if (!IsPointName(entry.key)) {
    context.diagnostics.Add(entry.key_position,
                            fmt::format("`{}` is no name of {}; expected lower-case words, digits, "
                                        "`_` and `-`, parted by `/`",
                                        entry.key, what));
  }
}

void ReadHooked(MapReader& map, const HookTarget& target, const HookedKeys& keys) {
  if (const YamlValue* symbols = map.Require("symbols"); symbols != nullptr) {
    keys.symbols = ReadTexts(*symbols, "`symbols`", map.context());
    if (keys.symbols.empty()) {
      map.context().diagnostics.Add(symbols->position, "`symbols` is empty; expected functions");
    }
  }
  keys.module = target.module;
  map.Text("module", keys.module);
  map.Text("summary", keys.summary);
  if (const YamlValue* when = map.Find("when"); when != nullptr) {
    keys.when = ReadConditions(*when, map.context());
  }
}

void ReadPoint(const YamlValue::Entry& entry, const HookTarget& target, ReadContext& context) {
  Catalogue& catalogue = target.catalogue;
  CheckHookedName(entry, "a fault point", context);
  FaultPoint point;
  point.name = entry.key;
  point.position = entry.key_position;
  MapReader map(*entry.value, fmt::format("point `{}`", entry.key), context);
  ReadHooked(map, target, {point.symbols, point.module, point.summary, point.when});
  point.kind = target.kind;
  ReadKind(map, point.kind);
  ReadFailsWhen(map, point);
  ReadCourse(map, point);
  if (const YamlValue* fails = map.Require("fails"); fails != nullptr) {
    ReadFailure(*fails, point.failure, context);
  }
  if (const YamlValue* file = map.Find("file"); file != nullptr) {
    point.file = ReadFileArgument(*file, context);
  }
  map.Bool("writes", point.writes);
  map.Bool("waits", point.waits);
  map.Finish();
  if (const FaultPoint* first = catalogue.FindPoint(point.name); first != nullptr) {
    context.diagnostics.Add(point.position, fmt::format("point `{}` is already at {}", point.name,
                                                        first->position.ToString()));
    return;
  }
  catalogue.points.push_back(std::move(point));
}

}  // namespace faultline
